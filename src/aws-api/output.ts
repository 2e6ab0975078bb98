import { ROLE_MEMBERS, type Connection, type EpochMilliseconds } from '../proton/connection';
import { connectionArn } from '../proton/identifiers';

/** A connection as Proton's operations answer it, but for lists. A role that is not set is left out. */
export function connectionOutput(connection: Connection): object {
  const { codebuildRoleArn } = connection;
  return { ...summaryOutput(connection), ...(codebuildRoleArn === null ? {} : { codebuildRoleArn }) };
}

/** A connection as Proton's lists carry it: without the role for CodeBuild. */
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

/** AWS's JSON protocol writes an instant as a number of seconds, with a fraction. */
function epochSeconds(at: EpochMilliseconds): number {
  return at / 1000;
}
