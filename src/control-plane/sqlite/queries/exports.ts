import type BetterSqlite3 from 'better-sqlite3';

import type { ExportStore } from '../../store';
import { importFailure } from '../errors';
import { keep } from '../pin-native';
import { CONNECTION_COLUMNS, connectionOf, type ConnectionTuple } from '../rows';

export function exportsOn(database: BetterSqlite3.Database): ExportStore {
  let everything: BetterSqlite3.Statement<[], ConnectionTuple> | undefined;
  return {
    *connections() {
      everything ??= keep(
        database
          .prepare<[], ConnectionTuple>(
            `SELECT ${CONNECTION_COLUMNS.join(', ')} FROM connections ORDER BY requested_at DESC, id DESC`,
          )
          .raw(true),
      );
      try {
        // One statement reads one moment, however long its reader takes.
        for (const row of keep(everything.iterate())) yield connectionOf(row);
      } catch (error) {
        throw importFailure(error);
      }
    },
  };
}
