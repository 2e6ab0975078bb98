import {
  parseTags,
  type AccountRole,
  type Connection,
  type ConnectionEvent,
  type ConnectionIdentity,
  type ConnectionStatus,
} from '../proton/connection';
import type { AccountId, ConnectionId, Region, RoleArn } from '../proton/identifiers';

/** A row of a store's table of connections. Timestamps are epoch milliseconds. */
export interface ConnectionRow {
  readonly id: ConnectionId;
  readonly region: Region;
  readonly status: ConnectionStatus;
  readonly environment_name: string;
  readonly management_account_id: AccountId;
  readonly environment_account_id: AccountId;
  readonly role_arn: RoleArn | null;
  readonly component_role_arn: RoleArn | null;
  readonly codebuild_role_arn: RoleArn | null;
  readonly requested_at: number;
  readonly last_modified_at: number;
  /** A JSON array of `{ key, value }`. */
  readonly tags: string;
}

export const ACCOUNT_COLUMN = {
  MANAGEMENT_ACCOUNT: 'management_account_id',
  ENVIRONMENT_ACCOUNT: 'environment_account_id',
} as const satisfies Record<AccountRole, keyof ConnectionRow>;

/** The order in which a connection's columns are read. Rows are read as arrays, which cost half as much as objects. */
export const CONNECTION_COLUMNS = [
  'id',
  'region',
  'status',
  'environment_name',
  'management_account_id',
  'environment_account_id',
  'role_arn',
  'component_role_arn',
  'codebuild_role_arn',
  'requested_at',
  'last_modified_at',
  'tags',
] as const satisfies readonly (keyof ConnectionRow)[];

type ValuesOf<Columns extends readonly (keyof ConnectionRow)[]> = {
  readonly [Index in keyof Columns]: ConnectionRow[Columns[Index]];
};

/** The columns of a connection in that order. */
export type ConnectionTuple = ValuesOf<typeof CONNECTION_COLUMNS>;

/** A connection as a plain object, which can be copied and compared: for decisions, imports and exports. */
export function connectionOf(row: ConnectionTuple): Connection {
  const [id, region, status, environmentName, managementAccountId, environmentAccountId] = row;
  return {
    id,
    region,
    status,
    environmentName,
    managementAccountId,
    environmentAccountId,
    roleArn: row[6],
    componentRoleArn: row[7],
    codebuildRoleArn: row[8],
    requestedAt: row[9],
    lastModifiedAt: row[10],
    tags: parseTags(row[11]),
  };
}

export function rowOf(connection: Connection): ConnectionRow {
  return {
    id: connection.id,
    region: connection.region,
    status: connection.status,
    environment_name: connection.environmentName,
    management_account_id: connection.managementAccountId,
    environment_account_id: connection.environmentAccountId,
    role_arn: connection.roleArn,
    component_role_arn: connection.componentRoleArn,
    codebuild_role_arn: connection.codebuildRoleArn,
    requested_at: connection.requestedAt,
    last_modified_at: connection.lastModifiedAt,
    tags: JSON.stringify(connection.tags),
  };
}

/** The connection of a status change, as it is stored with the event: a JSON object of the row's columns. */
export function snapshotOf(connection: Connection): string {
  return JSON.stringify(rowOf(connection));
}

/**
 * @param event whose status the connection gets; a deletion's previous one
 * @returns undefined when the snapshot can't be read: a person or a disk has changed it
 */
export function connectionOfSnapshot(
  snapshot: string,
  { status, previousStatus }: Pick<ConnectionEvent, 'status' | 'previousStatus'>,
): Connection | undefined {
  try {
    const row = JSON.parse(snapshot) as ConnectionRow;
    const connection = connectionOf(
      CONNECTION_COLUMNS.map((column) => row[column]) as unknown as ConnectionTuple,
    );
    return { ...connection, status: status ?? previousStatus ?? connection.status };
  } catch {
    return undefined;
  }
}

/** The arguments with which a database's function for JSON objects makes a snapshot of a row of this table. */
export function snapshotArguments(table: string): string {
  return CONNECTION_COLUMNS.map((column) => `'${column}', ${table}.${column}`).join(', ');
}

/** A key for maps: equal for connections of which one at most may be live. */
export function identityKeyOf({
  environmentAccountId,
  region,
  managementAccountId,
  environmentName,
}: ConnectionIdentity): string {
  return `${environmentAccountId}/${region}/${managementAccountId}/${environmentName}`;
}
