import { sql } from 'kysely';

import type { Connection, ConnectionIdentity, ConnectionStatus } from '../../../proton/connection';
import type { ClientToken } from '../../store';
import { CONNECTION_COLUMNS } from '../rows';
import { sqlBuilder, type Statements } from '../statements';

/** What a creation must be shown of the store, asked for within its transaction. */

/** The record of a token that is alive. */
export function tokenRecord(
  statements: Statements,
  { environmentAccountId, region, token, expiredAt }: ClientToken,
) {
  return statements.get(
    sqlBuilder
      .selectFrom('client_tokens')
      .select(['connection_id', 'fingerprint'])
      .where('environment_account_id', '=', environmentAccountId)
      .where('region', '=', region)
      .where('token', '=', token)
      .where('created_at', '>', expiredAt)
      .compile(),
  );
}

/** The connection that would stand in the way of another for the same accounts, Region and environment. */
export function liveConnection(statements: Statements, identity: ConnectionIdentity): Connection | undefined {
  const [live] = statements.connections(
    sqlBuilder
      .selectFrom('connections')
      .select(CONNECTION_COLUMNS)
      .where('environment_account_id', '=', identity.environmentAccountId)
      .where('region', '=', identity.region)
      .where('management_account_id', '=', identity.managementAccountId)
      .where('environment_name', '=', identity.environmentName)
      // Spelled out, not bound: the index covers live connections alone, and the planner must see that these are.
      .where('status', 'in', [sql.lit<ConnectionStatus>('PENDING'), sql.lit<ConnectionStatus>('CONNECTED')])
      .compile(),
  );
  return live;
}

/** Connections of an environment account in a Region, of every status: what its quota is held against. */
export function countInQuota(
  statements: Statements,
  { environmentAccountId, region }: Pick<Connection, 'environmentAccountId' | 'region'>,
): number {
  const row = statements.get(
    sqlBuilder
      .selectFrom('connections')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('environment_account_id', '=', environmentAccountId)
      .where('region', '=', region)
      .compile(),
  );
  return row?.count ?? 0;
}
