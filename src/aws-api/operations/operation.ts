import type { Connection } from '../../proton/connection';
import type { ConnectionId } from '../../proton/identifiers';
import type { ProtonSession } from '../../proton/proton-service';
import type { RolesInput } from '../../proton/validation/inputs';
import { connectionIdRule } from '../../proton/validation/values';
import { Violations } from '../../proton/validation/violations';
import type { Caller } from '../authenticate';
import type { Input } from '../json-input';
import { requiredText, textMember } from '../read-members';

/** The caller of an operation, and a session with the caller's permissions and Region. */
export interface OperationContext {
  readonly caller: Caller;
  readonly session: ProtonSession<Connection>;
}

/**
 * One of Proton's operations. Reports every violation in its input at once, before it changes anything. Returns the output.
 * Rejects with an `AwsError` or a `ProtonFailure`.
 */
export type Operation = (input: Input, context: OperationContext) => Promise<object>;

/** Reads the role members without validating the ARNs. */
export function rolesMember(input: Input): RolesInput {
  return {
    roleArn: textMember(input, 'roleArn'),
    componentRoleArn: textMember(input, 'componentRoleArn'),
    codebuildRoleArn: textMember(input, 'codebuildRoleArn'),
  };
}

/**
 * Parses the input of an operation whose only member is an id.
 * @throws ProtonFailure `VALIDATION_ERROR`
 */
export function parseIdInput(input: Input): { readonly id: ConnectionId } {
  const violations = new Violations();
  const id = requiredText(violations, input, 'id', connectionIdRule);
  if (id === undefined) throw violations.asFailure();
  return { id };
}
