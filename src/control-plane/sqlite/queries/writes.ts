import type BetterSqlite3 from 'better-sqlite3';
import { sql } from 'kysely';

import type { Connection, ConnectionEvent } from '../../../proton/connection';
import type { ConnectionId } from '../../../proton/identifiers';
import type {
  ClientToken,
  ClientTokenRecord,
  CreateFacts,
  Decision,
  Visibility,
  Write,
  WriteAnswer,
} from '../../store';
import { keep } from '../pin-native';
import { countInQuota, liveConnection, tokenRecord } from './create-facts';
import { CONNECTION_COLUMNS, connectionOf, rowOf, type ConnectionTuple } from '../rows';
import { sqlBuilder, type Statements } from '../statements';
import { VISIBLE, visibleParameter, type VisibleParameter } from './visibility';

/** Expired client tokens that one creation takes away. More than it can add, so that they never pile up. */
const TOKENS_CLEARED_AT_ONCE = 16;

/** Shows a write what it must see, lets it decide, and carries the decision out. Runs inside a transaction. */
export function writerOn(
  database: BetterSqlite3.Database,
  statements: Statements,
): (write: Write) => WriteAnswer {
  const findOne = keep(
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

  function earlierBy(clientToken: ClientToken): CreateFacts['earlier'] {
    const record = tokenRecord(statements, clientToken);
    // The record goes with its connection, so there is one.
    const connection = record && current(record.connection_id, 'every');
    return connection && { connection, fingerprint: record.fingerprint };
  }

  function decided(write: Write): Decision {
    if (write.kind === 'change') return write.decide(current(write.id, write.visibleTo));
    const { identity, clientToken } = write;
    const facts: CreateFacts = {
      earlier: clientToken ? earlierBy(clientToken) : undefined,
      live: liveConnection(statements, identity),
      count: countInQuota(statements, identity),
    };
    return write.decide(facts);
  }

  return (write) => {
    const decision = decided(write);
    switch (decision.kind) {
      case 'refuse':
        return { failure: decision.failure };
      case 'keep':
        return { connection: decision.connection };
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
              // Only what a change can change: SQLite writes to each index over a column that is set, whatever its value.
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
        WHERE created_at <= ${expiredAt} ORDER BY created_at LIMIT ${TOKENS_CLEARED_AT_ONCE}
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
