import type BetterSqlite3 from 'better-sqlite3';

import type { ConnectionView } from '../../../proton/connection';
import { CONNECTION_COLUMNS, rowOf } from '../../connection-rows';
import type { ImportDependencies, ImportRecord } from '../../import/import-store';
import {
  STAGED_COLUMNS,
  stagedRecordOf,
  viewOf,
  type StagedRecord,
  type StagedTuple,
  type Verdict,
} from '../../import/staged-records';
import { pin } from '../pin-native';

/**
 * The records of an import, in a temporary table until they are compared. SQLite keeps it in a file that no other process sees, and
 * only its most used pages in memory. Writing to it takes no lock on the database.
 */
export interface Staging {
  /** Adds a record, unless one with the same id or live identity exists; then returns that one. */
  readonly put: (record: ImportRecord) => StagedRecord | undefined;
  /** Replaces the CodeBuild role and the tags of a staged record. */
  readonly replace: (staged: StagedRecord, connection: ConnectionView) => void;
  /**
   * Runs work in a transaction that stays open for the next call: a transaction of its own for each batch would write many pages to
   * a journal, because ids are random. It touches only the temporary table, so no other process waits.
   */
  readonly within: <Result>(work: () => Result) => Result;
  /** Commits that transaction. */
  readonly commit: () => void;
  /** Discards all records. */
  readonly clear: () => void;
}

/** The page cache, in KiB. It holds the indexes of 100,000 connections, and stays the same for a million. */
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
    -- The connection of the store that a declaration completes.
    target_id TEXT,
    target_status TEXT
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS temp.staged_by_id ON staged (id);
  CREATE UNIQUE INDEX IF NOT EXISTS temp.staged_live
    ON staged (environment_account_id, region, management_account_id, environment_name)
    WHERE status IN ('PENDING', 'CONNECTED');
`;

export function stagingOn(database: BetterSqlite3.Database, { now, newId }: ImportDependencies): Staging {
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
  const commitTransaction = pin(database.prepare('COMMIT'));
  const rollback = pin(database.prepare('ROLLBACK'));
  const clear = pin(database.prepare('DELETE FROM temp.staged'));

  return {
    put(record) {
      const view = viewOf(record, { now, newId });
      const row = rowOf({ codebuildRoleArn: null, tags: [], ...view });
      const { location } = record;
      const { changes } = insert.run(
        location.record,
        location.logicalId ?? null,
        location.line ?? null,
        record.kind,
        view.codebuildRoleArn === undefined ? 0 : 1,
        view.tags === undefined ? 0 : 1,
        ...CONNECTION_COLUMNS.map((column) => row[column]),
        newId(),
        'new' satisfies Verdict,
      );
      if (changes > 0) return undefined;
      const earlier =
        findById.get(view.id) ??
        findLive.get(view.environmentAccountId, view.region, view.managementAccountId, view.environmentName);
      if (!earlier) throw new Error(`record ${String(location.record)} was staged twice`);
      return stagedRecordOf(earlier);
    },

    replace({ location }, { codebuildRoleArn, tags }) {
      update.run(
        codebuildRoleArn ?? null,
        codebuildRoleArn === undefined ? 0 : 1,
        JSON.stringify(tags ?? []),
        tags === undefined ? 0 : 1,
        location.record,
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

    commit() {
      if (database.inTransaction) commitTransaction.run();
    },

    clear() {
      if (database.inTransaction) rollback.run();
      clear.run();
    },
  };
}
