import BetterSqlite3 from 'better-sqlite3';

import type { CopyRow, CopySource, CopyTableName, CopyValue } from '../../copy/tables';
import { StoreOpenError } from '../../store-errors';
import { explainOpenFailure, START_LOCK_TIMEOUT_MS } from '../errors';
import { readSchemaVersion } from '../file/inspect-database';
import { MIGRATIONS } from '../migrations';
import { pin } from '../pin-native';

/** Each selects the columns of its CopyTable, in their order. */
const SELECT: Readonly<Record<Exclude<CopyTableName, 'connection_events'>, string>> = {
  connections: `SELECT id, region, status, environment_name, management_account_id, environment_account_id, role_arn,
      component_role_arn, codebuild_role_arn, requested_at, last_modified_at, tags,
      (SELECT count(*) FROM connection_events WHERE connection_id = connections.id)
    FROM connections WHERE id > ? ORDER BY id`,
  client_tokens: `SELECT environment_account_id, region, token, fingerprint, connection_id, created_at
    FROM client_tokens WHERE (environment_account_id, region, token) > (?, ?, ?)
    ORDER BY environment_account_id, region, token`,
  access_keys: `SELECT id, account_id, lower(hex(sealed_secret)), created_at, revoked_at
    FROM access_keys WHERE id > ? ORDER BY id`,
  access_key_seal: 'SELECT id, lower(hex(seal)) FROM access_key_seal WHERE id > ? ORDER BY id',
  event_destinations: `SELECT name, transport, paused_at, paused_reason, delivered_at, dropped
    FROM event_destinations WHERE name > ? ORDER BY name`,
  outbound_events: `SELECT destination, connection_id, version, message, queued_at
    FROM outbound_events WHERE (destination, connection_id, version) > (?, ?, ?)
    ORDER BY destination, connection_id, version`,
  outbound_connections: `SELECT destination, connection_id, next_version, due_at, failures
    FROM outbound_connections WHERE (destination, connection_id) > (?, ?) ORDER BY destination, connection_id`,
};

/** Less than every key. */
const FIRST: Readonly<Record<keyof typeof SELECT, readonly CopyValue[]>> = {
  connections: [''],
  client_tokens: ['', '', ''],
  access_keys: [''],
  access_key_seal: [0],
  event_destinations: [''],
  outbound_events: ['', '', 0],
  outbound_connections: ['', ''],
};

/** The version of an event is its number among those of its connection, so it is counted and not selected. */
const EVENTS = `SELECT connection_id, 0, id, type, status, previous_status, actor, occurred_at
  FROM connection_events WHERE (connection_id, sequence) > (?, ?) ORDER BY connection_id, sequence`;

/** The column of EVENTS. */
const ACTOR = 6;

const SEQUENCE_OF_VERSION =
  'SELECT sequence FROM connection_events WHERE connection_id = ? ORDER BY sequence LIMIT 1 OFFSET ? - 1';

const FINGERPRINT = `SELECT
  (SELECT json_array(count(*), max(sequence)) FROM connection_events),
  (SELECT count(*) FROM connections),
  (SELECT json_array(count(*), max(created_at)) FROM client_tokens),
  (SELECT json_array(count(*), count(revoked_at), max(created_at)) FROM access_keys),
  (SELECT json_group_array(hex(seal)) FROM access_key_seal),
  (SELECT json_group_array(json_array(name, paused_at, delivered_at, dropped)) FROM event_destinations),
  (SELECT json_array(count(*), max(queued_at)) FROM outbound_events),
  (SELECT json_array(count(*), sum(next_version), sum(due_at)) FROM outbound_connections)`;

/** Changes that no destination's queue has yet. A server queues them when it stops, unless it is killed. */
const NOT_QUEUED = `SELECT count(*) FROM event_destinations AS destination, connection_events AS event
  WHERE event.sequence > destination.position AND event.status IS NOT event.previous_status`;

/**
 * Opens a store in a SQLite file to copy it. The file is only read, and writers are not blocked.
 * @throws StoreOpenError when the file is no store, or a store of another version
 */
export function openCopySource(location: string): CopySource {
  let database: BetterSqlite3.Database | undefined;
  try {
    database = pin(
      new BetterSqlite3(location, { readonly: true, fileMustExist: true, timeout: START_LOCK_TIMEOUT_MS }),
    );
    if (readSchemaVersion(database, location) < MIGRATIONS.length) {
      throw new StoreOpenError(
        `${location} has the schema of an older version. Start this version on it once, which changes that, then copy it.`,
      );
    }
    // All that follows sees one moment. The write-ahead log grows meanwhile.
    database.exec('BEGIN');
    return sourceOn(database);
  } catch (error) {
    database?.close();
    if (error instanceof StoreOpenError) throw error;
    throw new StoreOpenError(explainOpenFailure(error, location), { cause: error });
  }
}

function sourceOn(database: BetterSqlite3.Database): CopySource {
  const prepare = (sql: string) => pin(database.prepare<CopyValue[], CopyValue[]>(sql).raw(true));
  const fingerprint = JSON.stringify(prepare(FINGERPRINT).get());

  function* events(after: CopyRow | undefined): Iterable<CopyRow> {
    let [connection = '', version = 0] = (after ?? []) as readonly [connection?: string, version?: number];
    const [sequence = 0] = after ? (prepare(SEQUENCE_OF_VERSION).get(connection, version) ?? []) : [];
    for (const row of prepare(EVENTS).iterate(connection, sequence)) {
      if (row[0] !== connection) [connection, version] = [String(row[0]), 0];
      version += 1;
      row[1] = version;
      // PostgreSQL has no text with a NUL, which a token's subject may contain.
      row[ACTOR] = String(row[ACTOR]).replaceAll('\0', '\uFFFD');
      yield row;
    }
  }

  return {
    fingerprint,
    notQueued: () => Number(prepare(NOT_QUEUED).get()?.[0]),
    count: (table) => Number(prepare(`SELECT count(*) FROM ${table}`).get()?.[0]),
    rows: (table, after) =>
      table === 'connection_events'
        ? events(after)
        : prepare(SELECT[table]).iterate(...(after ?? FIRST[table])),
    close() {
      database.close();
    },
  };
}
