import { sql } from 'kysely';

import type { Connection, ConnectionIdentity, ConnectionStatus } from '../../../proton/connection';
import type { ClientToken } from '../../store';
import { CONNECTION_COLUMNS } from '../rows';
import { sqlBuilder, type Statements } from '../statements';

/** The reads for `CreateState`. They run inside the transaction of the create. */

/** The record of a client token that has not expired. */
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

/** The `PENDING` or `CONNECTED` connection with this identity. There is at most one. */
export function liveConnection(statements: Statements, identity: ConnectionIdentity): Connection | undefined {
  const [live] = statements.connections(
    sqlBuilder
      .selectFrom('connections')
      .select(CONNECTION_COLUMNS)
      .where('environment_account_id', '=', identity.environmentAccountId)
      .where('region', '=', identity.region)
      .where('management_account_id', '=', identity.managementAccountId)
      .where('environment_name', '=', identity.environmentName)
      // Literals, not parameters: the planner uses the partial index `live_connections` only when it sees these values.
      .where('status', 'in', [sql.lit<ConnectionStatus>('PENDING'), sql.lit<ConnectionStatus>('CONNECTED')])
      .compile(),
  );
  return live;
}

/** The number of connections that count towards a quota: those of an environment account in a Region, of any status. */
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
