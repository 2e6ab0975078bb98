import type { Connection } from '../../proton/connection';
import type { ConnectionId } from '../../proton/identifiers';
import type { ProtonSession } from '../../proton/proton-service';
import type { RolesInput } from '../../proton/validation/inputs';
import { connectionIdRule } from '../../proton/validation/values';
import { Violations } from '../../proton/validation/violations';
import type { Caller } from '../authenticate';
import type { Input } from '../json-input';
import { requiredText, textMember } from '../read-members';

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

/** The roles as they were given; they are judged elsewhere. */
export function rolesMember(input: Input): RolesInput {
  return {
    roleArn: textMember(input, 'roleArn'),
    componentRoleArn: textMember(input, 'componentRoleArn'),
    codebuildRoleArn: textMember(input, 'codebuildRoleArn'),
  };
}

/**
 * The input of the operations that take an id and nothing else.
 * @throws ProtonFailure `VALIDATION_ERROR`
 */
export function parseIdInput(input: Input): { readonly id: ConnectionId } {
  const violations = new Violations();
  const id = requiredText(violations, input, 'id', connectionIdRule);
  if (id === undefined) throw violations.asFailure();
  return { id };
}
