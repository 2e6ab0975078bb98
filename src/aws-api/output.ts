import { ROLE_MEMBERS, type Connection, type EpochMilliseconds } from '../proton/connection';
import { connectionArn } from '../proton/identifiers';

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
