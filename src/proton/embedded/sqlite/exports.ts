import type BetterSqlite3 from 'better-sqlite3';

import { ProtonFailure } from '../../failure';
import type { ExportStore } from '../export-store';
import { keep } from './keep';
import { CONNECTION_COLUMNS, connectionOf, type ConnectionTuple } from './rows';
import { isStoreFailure } from './sqlite-error';

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
        throw isStoreFailure(error)
          ? ProtonFailure.unavailable("The store can't be read at the moment. Try again later.", error)
          : error;
      }
    },
  };
}
