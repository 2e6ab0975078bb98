import type BetterSqlite3 from 'better-sqlite3';

import type { ConnectionView } from '../../../proton/connection';
import { isConnectionId } from '../../../proton/identifiers';
import type { ConnectionWish, ImportParts, ImportRecord, RecordPlace } from '../../import/import-store';
import { pin } from '../pin-native';
import { CONNECTION_COLUMNS, connectionOf, rowOf, type ConnectionTuple } from '../rows';

/**
 * Where an import's records wait to be judged: a temporary table, in a file of its own that no other process sees. Writing to it
 * takes no lock that a server could wait for, and SQLite keeps in memory only its most used pages.
 */
export interface Staging {
  /** Puts a record in, and answers the one that stands in its way instead, where there is one. */
  readonly put: (record: ImportRecord) => StagedRecord | undefined;
  /** Replaces what a record says. */
  readonly replace: (staged: StagedRecord, fact: ConnectionView) => void;
  /**
   * Runs work in a transaction that stays open for the next: each would write down what it may have to undo, page by page, and an
   * index over random ids has many pages. None of them is the store's own, so nobody waits.
   */
  readonly within: <Result>(work: () => Result) => Result;
  /** Ends that transaction. */
  readonly settle: () => void;
  readonly clear: () => void;
}

export interface StagedRecord {
  readonly place: RecordPlace;
  readonly kind: ImportRecord['kind'];
  readonly fact: ConnectionView;
}

/** What becomes of a staged record, once it is judged. */
export type Verdict = 'new' | 'completed' | 'unchanged' | 'refused';

/** The columns of a staged record beside those of a connection. */
const PLACE_COLUMNS = ['record', 'logical_id', 'line', 'kind', 'codebuild_known', 'tags_known'] as const;

export type StagedTuple = readonly [
  record: number,
  logicalId: string | null,
  line: number | null,
  kind: ImportRecord['kind'],
  codebuildKnown: 0 | 1,
  tagsKnown: 0 | 1,
  ...connection: ConnectionTuple,
];

export const STAGED_COLUMNS: readonly string[] = [...PLACE_COLUMNS, ...CONNECTION_COLUMNS];

/** Pages that are kept in memory, in KiB: enough for the indexes of 100,000 connections, and no more for a million. */
const CACHE_KIB = 32_768;

const CREATE = `
  PRAGMA temp_store = FILE;
  PRAGMA temp.cache_size = -${String(CACHE_KIB)};
  PRAGMA main.cache_size = -${String(CACHE_KIB)};
  CREATE TEMP TABLE IF NOT EXISTS staged (
    record INTEGER PRIMARY KEY,
    logical_id TEXT,
    line INTEGER,
    kind TEXT NOT NULL,
    codebuild_known INTEGER NOT NULL,
    tags_known INTEGER NOT NULL,
    id TEXT NOT NULL,
    region TEXT NOT NULL,
    status TEXT NOT NULL,
    environment_name TEXT NOT NULL,
    management_account_id TEXT NOT NULL,
    environment_account_id TEXT NOT NULL,
    role_arn TEXT,
    component_role_arn TEXT,
    codebuild_role_arn TEXT,
    requested_at INTEGER NOT NULL,
    last_modified_at INTEGER NOT NULL,
    tags TEXT NOT NULL,
    event_id TEXT NOT NULL,
    verdict TEXT NOT NULL,
    -- The connection that a wish completes, which has an id and a status of its own.
    target_id TEXT,
    target_status TEXT
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS temp.staged_by_id ON staged (id);
  CREATE UNIQUE INDEX IF NOT EXISTS temp.staged_live
    ON staged (environment_account_id, region, management_account_id, environment_name)
    WHERE status IN ('PENDING', 'CONNECTED');
`;

export function stagingOn(database: BetterSqlite3.Database, { now, newId }: ImportParts): Staging {
  database.exec(CREATE);
  const columns = [...STAGED_COLUMNS, 'event_id', 'verdict'];
  const insert = pin(
    database.prepare(
      `INSERT INTO temp.staged (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
       ON CONFLICT DO NOTHING`,
    ),
  );
  const find = (condition: string) =>
    pin(
      database
        .prepare<string[], StagedTuple>(
          `SELECT ${STAGED_COLUMNS.join(', ')} FROM temp.staged WHERE ${condition}`,
        )
        .raw(true),
    );
  const findById = find('id = ?');
  const findLive = find(
    `environment_account_id = ? AND region = ? AND management_account_id = ? AND environment_name = ?
     AND status IN ('PENDING', 'CONNECTED')`,
  );
  const update = pin(
    database.prepare(
      `UPDATE temp.staged SET codebuild_role_arn = ?, codebuild_known = ?, tags = ?, tags_known = ? WHERE record = ?`,
    ),
  );
  const begin = pin(database.prepare('BEGIN'));
  const commit = pin(database.prepare('COMMIT'));
  const rollback = pin(database.prepare('ROLLBACK'));
  const clear = pin(database.prepare('DELETE FROM temp.staged'));

  return {
    put(record) {
      const view = viewOf(record, { now, newId });
      const row = rowOf({ codebuildRoleArn: null, tags: [], ...view });
      const { place } = record;
      const { changes } = insert.run(
        place.record,
        place.logicalId ?? null,
        place.line ?? null,
        record.kind,
        view.codebuildRoleArn === undefined ? 0 : 1,
        view.tags === undefined ? 0 : 1,
        ...CONNECTION_COLUMNS.map((column) => row[column]),
        newId(),
        'new' satisfies Verdict,
      );
      if (changes > 0) return undefined;
      const inTheWay =
        findById.get(view.id) ??
        findLive.get(view.environmentAccountId, view.region, view.managementAccountId, view.environmentName);
      if (!inTheWay) throw new Error(`record ${String(place.record)} was staged twice`);
      return stagedRecordOf(inTheWay);
    },

    replace({ place }, { codebuildRoleArn, tags }) {
      update.run(
        codebuildRoleArn ?? null,
        codebuildRoleArn === undefined ? 0 : 1,
        JSON.stringify(tags ?? []),
        tags === undefined ? 0 : 1,
        place.record,
      );
    },

    within(work) {
      if (!database.inTransaction) begin.run();
      try {
        return work();
      } catch (error) {
        if (database.inTransaction) rollback.run();
        throw error;
      }
    },

    settle() {
      if (database.inTransaction) commit.run();
    },

    clear() {
      if (database.inTransaction) rollback.run();
      clear.run();
    },
  };
}

/** A wish as the connection that it becomes, if there is none yet. */
function viewOf(record: ImportRecord, { now, newId }: ImportParts): ConnectionView {
  return record.kind === 'fact' ? record.fact : wishedConnection(record.wish, now(), newId());
}

function wishedConnection(wish: ConnectionWish, at: number, id: string): ConnectionView {
  if (!isConnectionId(id)) throw new Error(`newId made ${id}, which is no UUID`);
  return { ...wish, id, status: 'PENDING', requestedAt: at, lastModifiedAt: at };
}

export function stagedRecordOf(tuple: StagedTuple): StagedRecord {
  const [record, logicalId, line, kind, codebuildKnown, tagsKnown, ...connection] = tuple;
  const { codebuildRoleArn, tags, ...carried } = connectionOf(connection);
  return {
    place: { record, logicalId: logicalId ?? undefined, line: line ?? undefined },
    kind,
    fact: {
      ...carried,
      ...(codebuildKnown && { codebuildRoleArn }),
      ...(tagsKnown && { tags }),
    },
  };
}
