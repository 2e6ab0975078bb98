import type { Connection } from '../../proton/connection';
import type { ProtonSession } from '../../proton/proton-service';
import type { Caller } from '../caller';
import type { Input } from '../json-input';

/** What an operation may use: who calls, and all that they may do. */
export interface OperationContext {
  readonly caller: Caller;
  readonly session: ProtonSession<Connection>;
}

/**
 * One of Proton's operations: its input's shape and rules are judged first, all of them, then it is carried out.
 * Rejects with an `AwsError` or a `ProtonFailure`.
 */
export type Operation = (input: Input, context: OperationContext) => Promise<object>;
