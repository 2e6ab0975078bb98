import { type Connection, type EpochMilliseconds, ROLE_MEMBERS } from '../../proton/connection';
import { connectionArn, type ConnectionId } from '../../proton/identifiers';
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

/** Proton's `EnvironmentAccountConnection`. Roles that are not set are left out. */
export function connectionOutput(connection: Connection): object {
  const { codebuildRoleArn } = connection;
  return { ...summaryOutput(connection), ...(codebuildRoleArn === null ? {} : { codebuildRoleArn }) };
}

/** Proton's `EnvironmentAccountConnectionSummary`, the item of a list: it has no `codebuildRoleArn`. */
export function summaryOutput(connection: Connection): object {
  const roles = ROLE_MEMBERS.filter((name) => name !== 'codebuildRoleArn' && connection[name] !== null);
  return {
    id: connection.id,
    arn: connectionArn(connection),
    managementAccountId: connection.managementAccountId,
    environmentAccountId: connection.environmentAccountId,
    environmentName: connection.environmentName,
    ...Object.fromEntries(roles.map((name) => [name, connection[name]])),
    status: connection.status,
    requestedAt: epochSeconds(connection.requestedAt),
    lastModifiedAt: epochSeconds(connection.lastModifiedAt),
  };
}

/** AWS JSON 1.0 timestamps are seconds since the epoch, with a fraction. */
function epochSeconds(at: EpochMilliseconds): number {
  return at / 1000;
}
