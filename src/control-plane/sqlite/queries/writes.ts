import type BetterSqlite3 from 'better-sqlite3';

import type { Connection, ConnectionIdentity } from '../../../proton/connection';
import type { AccountId, ConnectionId, Region } from '../../../proton/identifiers';
import type {
  ClientToken,
  ClientTokenRecord,
  CreateState,
  CreateWrite,
  Decision,
  Visibility,
  Write,
  WriteResult,
} from '../../store';
import { limitOf } from '../limit';
import { pin } from '../pin-native';
import {
  CONNECTION_COLUMNS,
  connectionOf,
  type ConnectionRow,
  type ConnectionTuple,
  rowOf,
} from '../../connection-rows';
import { eventRowOf } from '../rows';
import type { ClientTokenRow, ConnectionEventRow } from '../schema';
import { VISIBLE, visibleParameter, type VisibleParameter } from './visibility';

const COLUMNS = CONNECTION_COLUMNS.join(', ');

/** Expired client tokens that one create deletes. It adds at most one, so expired tokens don't accumulate. */
const TOKENS_DELETED_PER_CREATE = 16;

/**
 * Reads the state that a write depends on, lets it decide, and applies the decision. Runs inside a transaction.
 * @param forget receives the id of each connection that is changed
 */
export function writerOn(
  database: BetterSqlite3.Database,
  forget: (id: ConnectionId) => void,
): (write: Write) => WriteResult {
  const { current, createState } = statesOn(database);
  const recordToken = tokenRecorderOn(database);
  const insert = pin(
    database.prepare<[ConnectionRow]>(
      `INSERT INTO connections (${COLUMNS}) VALUES (${CONNECTION_COLUMNS.map((column) => `@${column}`).join(', ')})`,
    ),
  );
  const replace = pin(
    database.prepare<[ConnectionRow]>(
      // Only columns that a change can change: SQLite updates the indexes of every column in SET, even for equal values.
      `UPDATE connections SET status = @status, role_arn = @role_arn, component_role_arn = @component_role_arn,
         codebuild_role_arn = @codebuild_role_arn, last_modified_at = @last_modified_at, tags = @tags
       WHERE id = @id`,
    ),
  );
  const remove = pin(database.prepare<[ConnectionId]>('DELETE FROM connections WHERE id = ?'));
  const addEvent = pin(
    database.prepare<[Omit<ConnectionEventRow, 'sequence'>]>(
      `INSERT INTO connection_events (id, connection_id, type, status, previous_status, actor, occurred_at, snapshot)
       VALUES (@id, @connection_id, @type, @status, @previous_status, @actor, @occurred_at, @snapshot)`,
    ),
  );

  function decisionOf(write: Write): Decision {
    return write.kind === 'change'
      ? write.decide(current(write.id, write.visibleTo))
      : write.decide(createState(write));
  }

  return (write) => {
    const decision = decisionOf(write);
    if (decision.kind === 'refuse') return { failure: decision.failure };
    if (decision.kind === 'keep') return { connection: decision.connection };
    const { connection } = decision;
    forget(connection.id);
    switch (decision.kind) {
      case 'insert':
        insert.run(rowOf(connection));
        if (decision.clientToken) recordToken(decision.clientToken, connection.id);
        break;
      case 'replace':
        replace.run(rowOf(connection));
        break;
      case 'delete':
        remove.run(connection.id);
        break;
    }
    addEvent.run(eventRowOf(decision.event, connection));
    return { connection };
  };
}

/** The reads of the state that a write depends on. */
function statesOn(database: BetterSqlite3.Database) {
  const findOne = pin(
    database
      .prepare<[{ readonly id: ConnectionId } & VisibleParameter], ConnectionTuple>(
        `SELECT ${COLUMNS} FROM connections WHERE id = @id AND ${VISIBLE}`,
      )
      .raw(true),
  );
  const findToken = pin(
    database.prepare<[ClientToken], Pick<ClientTokenRow, 'connection_id' | 'fingerprint'>>(
      `SELECT connection_id, fingerprint FROM client_tokens
       WHERE environment_account_id = @environmentAccountId AND region = @region AND token = @token
         AND created_at > @expiredAt`,
    ),
  );
  const findLive = pin(
    database
      .prepare<[ConnectionIdentity], ConnectionTuple>(
        // Literals, not parameters: the planner uses the partial index `live_connections` only when it sees these values.
        `SELECT ${COLUMNS} FROM connections
         WHERE environment_account_id = @environmentAccountId AND region = @region
           AND management_account_id = @managementAccountId AND environment_name = @environmentName
           AND status IN ('PENDING', 'CONNECTED')`,
      )
      .raw(true),
  );
  // Those of any status count towards the quota.
  const countInQuota = pin(
    database
      .prepare<[AccountId, Region, limit: number], number>(
        // An import may have brought far more than the quota.
        `SELECT count(*) FROM (
           SELECT 1 FROM connections WHERE environment_account_id = ? AND region = ? ${limitOf('?')}
         )`,
      )
      .pluck(true),
  );

  function current(id: ConnectionId, visibleTo: Visibility): Connection | undefined {
    const row = findOne.get({ id, ...visibleParameter(visibleTo) });
    return row && connectionOf(row);
  }

  function createdWith(clientToken: ClientToken): CreateState['earlier'] {
    const record = findToken.get(clientToken);
    // Deleting a connection deletes its token, so the connection exists.
    const connection = record && current(record.connection_id, 'every');
    return connection && { connection, fingerprint: record.fingerprint };
  }

  function createState({ identity, clientToken, countUpTo }: CreateWrite): CreateState {
    const live = findLive.get(identity);
    return {
      earlier: clientToken ? createdWith(clientToken) : undefined,
      live: live && connectionOf(live),
      count: countInQuota.get(identity.environmentAccountId, identity.region, countUpTo) ?? 0,
    };
  }

  return { current, createState };
}

function tokenRecorderOn(
  database: BetterSqlite3.Database,
): (record: ClientTokenRecord, connectionId: ConnectionId) => void {
  const deleteExpired = pin(
    database.prepare<[expiredAt: number]>(
      `DELETE FROM client_tokens WHERE (environment_account_id, region, token) IN (
         SELECT environment_account_id, region, token FROM client_tokens
         WHERE created_at <= ? ORDER BY created_at LIMIT ${String(TOKENS_DELETED_PER_CREATE)}
       )`,
    ),
  );
  const put = pin(
    database.prepare<[ClientTokenRow]>(
      `INSERT INTO client_tokens (environment_account_id, region, token, fingerprint, connection_id, created_at)
       VALUES (@environment_account_id, @region, @token, @fingerprint, @connection_id, @created_at)
       ON CONFLICT (environment_account_id, region, token) DO UPDATE SET
         fingerprint = excluded.fingerprint, connection_id = excluded.connection_id, created_at = excluded.created_at`,
    ),
  );
  return ({ environmentAccountId, region, token, fingerprint, createdAt, expiredAt }, connectionId) => {
    deleteExpired.run(expiredAt);
    put.run({
      environment_account_id: environmentAccountId,
      region,
      token,
      fingerprint,
      connection_id: connectionId,
      created_at: createdAt,
    });
  };
}
