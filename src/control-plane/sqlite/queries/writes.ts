import type BetterSqlite3 from 'better-sqlite3';
import { sql } from 'kysely';

import type {
  Connection,
  ConnectionEvent,
  ConnectionIdentity,
  ConnectionStatus,
} from '../../../proton/connection';
import type { ConnectionId } from '../../../proton/identifiers';
import type {
  ClientToken,
  ClientTokenRecord,
  CreateState,
  Decision,
  Visibility,
  Write,
  WriteResult,
} from '../../store';
import { pin } from '../pin-native';
import { CONNECTION_COLUMNS, connectionOf, type ConnectionTuple, rowOf } from '../rows';
import { sqlBuilder, type Statements } from '../statements';
import { VISIBLE, visibleParameter, type VisibleParameter } from './visibility';

/** The reads for `CreateState`. They run inside the transaction of the create. */

/** The record of a client token that has not expired. */
function tokenRecord(
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
function liveConnection(statements: Statements, identity: ConnectionIdentity): Connection | undefined {
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
function countInQuota(
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

/** Expired client tokens that one create deletes. It adds at most one, so expired tokens don't accumulate. */
const TOKENS_DELETED_PER_CREATE = 16;

/**
 * Reads the state that a write depends on, lets it decide, and applies the decision. Runs inside a transaction.
 * @param forget receives the id of each connection that is changed
 */
export function writerOn(
  database: BetterSqlite3.Database,
  statements: Statements,
  forget: (id: ConnectionId) => void,
): (write: Write) => WriteResult {
  const findOne = pin(
    database
      .prepare<[{ readonly id: ConnectionId } & VisibleParameter], ConnectionTuple>(
        `SELECT ${CONNECTION_COLUMNS.join(', ')} FROM connections WHERE id = @id AND ${VISIBLE}`,
      )
      .raw(true),
  );

  function current(id: ConnectionId, visibleTo: Visibility): Connection | undefined {
    const row = findOne.get({ id, ...visibleParameter(visibleTo) });
    return row && connectionOf(row);
  }

  function createdWith(clientToken: ClientToken): CreateState['earlier'] {
    const record = tokenRecord(statements, clientToken);
    // Deleting a connection deletes its token, so the connection exists.
    const connection = record && current(record.connection_id, 'every');
    return connection && { connection, fingerprint: record.fingerprint };
  }

  function decisionOf(write: Write): Decision {
    if (write.kind === 'change') return write.decide(current(write.id, write.visibleTo));
    const { identity, clientToken } = write;
    const state: CreateState = {
      earlier: clientToken ? createdWith(clientToken) : undefined,
      live: liveConnection(statements, identity),
      count: countInQuota(statements, identity),
    };
    return write.decide(state);
  }

  return (write) => {
    const decision = decisionOf(write);
    if (decision.kind === 'refuse') return { failure: decision.failure };
    if (decision.kind === 'keep') return { connection: decision.connection };
    forget(decision.connection.id);
    switch (decision.kind) {
      case 'insert':
        statements.run(sqlBuilder.insertInto('connections').values(rowOf(decision.connection)).compile());
        if (decision.clientToken) recordToken(statements, decision.clientToken, decision.connection.id);
        break;
      case 'replace': {
        const row = rowOf(decision.connection);
        statements.run(
          sqlBuilder
            .updateTable('connections')
            .set({
              // Only columns that a change can change: SQLite updates the indexes of every column in SET, even for equal values.
              status: row.status,
              role_arn: row.role_arn,
              component_role_arn: row.component_role_arn,
              codebuild_role_arn: row.codebuild_role_arn,
              last_modified_at: row.last_modified_at,
              tags: row.tags,
            })
            .where('id', '=', row.id)
            .compile(),
        );
        break;
      }
      case 'delete':
        statements.run(
          sqlBuilder.deleteFrom('connections').where('id', '=', decision.connection.id).compile(),
        );
        break;
    }
    recordEvent(statements, decision.event);
    return { connection: decision.connection };
  };
}

function recordToken(statements: Statements, record: ClientTokenRecord, connectionId: ConnectionId): void {
  const { environmentAccountId, region, token, fingerprint, createdAt, expiredAt } = record;
  statements.run(
    sql`
      DELETE FROM client_tokens WHERE (environment_account_id, region, token) IN (
        SELECT environment_account_id, region, token FROM client_tokens
        WHERE created_at <= ${expiredAt} ORDER BY created_at LIMIT ${TOKENS_DELETED_PER_CREATE}
      )
    `.compile(sqlBuilder),
  );
  const row = { fingerprint, connection_id: connectionId, created_at: createdAt };
  statements.run(
    sqlBuilder
      .insertInto('client_tokens')
      .values({ environment_account_id: environmentAccountId, region, token, ...row })
      .onConflict((conflict) =>
        conflict.columns(['environment_account_id', 'region', 'token']).doUpdateSet(row),
      )
      .compile(),
  );
}

function recordEvent(statements: Statements, event: ConnectionEvent): void {
  statements.run(
    sqlBuilder
      .insertInto('connection_events')
      .values({
        id: event.id,
        connection_id: event.connectionId,
        type: event.type,
        status: event.status,
        previous_status: event.previousStatus,
        actor: event.actor,
        occurred_at: event.occurredAt,
      })
      .compile(),
  );
}
