import type BetterSqlite3 from 'better-sqlite3';

import type { ExportStore } from '../../store';
import { importFailure } from '../errors';
import { pin } from '../pin-native';
import { CONNECTION_COLUMNS, connectionOf, type ConnectionTuple } from '../rows';

export function exportsOn(database: BetterSqlite3.Database): ExportStore {
  let all: BetterSqlite3.Statement<[], ConnectionTuple> | undefined;
  return {
    *connections() {
      all ??= pin(
        database
          .prepare<[], ConnectionTuple>(
            `SELECT ${CONNECTION_COLUMNS.join(', ')} FROM connections ORDER BY requested_at DESC, id DESC`,
          )
          .raw(true),
      );
      try {
        // One statement sees one snapshot, however slowly the caller iterates.
        for (const row of pin(all.iterate())) yield connectionOf(row);
      } catch (error) {
        throw importFailure(error);
      }
    },
  };
}
