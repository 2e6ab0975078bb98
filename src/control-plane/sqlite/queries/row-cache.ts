import type BetterSqlite3 from 'better-sqlite3';

import { StoredConnection } from '../../../proton/connection';
import type { ConnectionId } from '../../../proton/identifiers';
import { pin } from '../pin-native';
import { CONNECTION_COLUMNS, type ConnectionTuple } from '../../connection-rows';
import { KeptLists } from './kept-lists';
import { VISIBLE, type Viewable, type VisibleParameter } from './visibility';

/**
 * The most rows in memory: about 12 MB with the texts that responses make of them. A row with longer tags and roles counts as several,
 * so that it is 28 MB at most.
 */
const MAX_ROWS = 8_000;
const CHARACTERS_PER_ROW = 256;
/**
 * Once half the room is taken, a row that is read is kept with this probability. Requests for ids that don't repeat would replace
 * thousands of rows a second, for nothing. An id that repeats is kept after eight times on average.
 */
const KEPT_WHEN_FULL = 1 / 8;

/**
 * Reads connections by their ids, and keeps the rows that were read last in memory: reading the columns of a row costs more than all
 * else in a read, and the text that a response makes of a connection can stay with it.
 *
 * Kept rows equal those of the table. Before one is used, `data_version` says whether another connection to the file has written
 * since; then all are forgotten. Every transaction of this connection must pass the rows that it changes to `forget`, or call
 * `forgetAll`.
 */
export interface RowCache {
  /**
   * The visible connections with the ids that `find` returns, in any order, each once. `find` runs in the same snapshot of the file.
   */
  readonly read: (find: () => readonly ConnectionId[], viewable: Viewable) => StoredConnection[];
  /** The same for ids that are known. Without a transaction, if all of them are kept. */
  readonly find: (ids: readonly ConnectionId[], viewable: Viewable) => StoredConnection[];
  /**
   * The lists that are kept until any row changes. Pass a list to `keep` of the lists that were returned before its rows were read: if a
   * row has changed since then, they are not used any more.
   */
  readonly lists: () => KeptLists;
  readonly forget: (id: ConnectionId) => void;
  readonly forgetAll: () => void;
}

export function rowCacheOn(database: BetterSqlite3.Database): RowCache {
  const select = `SELECT ${CONNECTION_COLUMNS.join(', ')} FROM connections WHERE`;
  const findOne = pin(
    database
      .prepare<[{ readonly id: string } & VisibleParameter], ConnectionTuple>(
        `${select} id = @id AND ${VISIBLE}`,
      )
      .raw(true),
  );
  const findAll = pin(
    database
      .prepare<[{ readonly ids: string } & VisibleParameter], ConnectionTuple>(
        // One parameter for any number of ids, so that the statement's text stays the same.
        `${select} id IN (SELECT value FROM json_each(@ids)) AND ${VISIBLE}`,
      )
      .raw(true),
  );
  const begin = pin(database.prepare('BEGIN'));
  const end = pin(database.prepare('END'));
  const dataVersion = pin(database.prepare<[], number>('PRAGMA data_version').pluck(true));

  /** Two generations: when the newer one is full, it becomes the older one, and the rows that were not used since are dropped. */
  let newer = new Map<ConnectionId, StoredConnection>();
  let older = new Map<ConnectionId, StoredConnection>();
  let room = MAX_ROWS / 2;
  let knownVersion: number | undefined;
  let lists = KeptLists.empty();

  function nextGeneration(): void {
    older = newer;
    newer = new Map();
    room = MAX_ROWS / 2;
    // They would keep the rows in memory, and rows with long tags need much.
    lists = lists.withoutLists();
  }

  function forgetAll(): void {
    nextGeneration();
    nextGeneration();
  }

  /** @returns whether it has forgotten all, because another connection has written */
  function forgetAllIfChanged(): boolean {
    const version = dataVersion.get();
    const isChanged = version !== knownVersion;
    if (isChanged) forgetAll();
    knownVersion = version;
    return isChanged;
  }

  function keep(row: StoredConnection): void {
    const { roleArn, componentRoleArn, codebuildRoleArn, tagsJson } = row;
    const length = [roleArn, componentRoleArn, codebuildRoleArn].reduce(
      (sum, role) => sum + (role?.length ?? 0),
      tagsJson.length,
    );
    room -= 1 + Math.floor(length / CHARACTERS_PER_ROW);
    if (room < 0) nextGeneration();
    newer.set(row.id, row);
  }

  function keepSome(row: StoredConnection): void {
    // At random: every eighth row would never be one that is read in turn with seven others.
    if (older.size === 0 || Math.random() < KEPT_WHEN_FULL) keep(row);
  }

  function kept(id: ConnectionId): StoredConnection | undefined {
    const found = newer.get(id);
    if (found) return found;
    const old = older.get(id);
    if (old) keep(old);
    return old;
  }

  function rowsOf(ids: readonly ConnectionId[], { visible }: Viewable): readonly ConnectionTuple[] {
    const [id] = ids;
    if (id === undefined) return [];
    if (ids.length > 1) return findAll.all({ ids: JSON.stringify(ids), visible });
    const row = findOne.get({ id, visible });
    return row ? [row] : [];
  }

  function readAll(ids: readonly ConnectionId[], viewable: Viewable): StoredConnection[] {
    const rows: StoredConnection[] = [];
    const others: ConnectionId[] = [];
    for (const id of ids) {
      const row = kept(id);
      // A kept row that the viewer may not see is looked up like one that does not exist, so that neither the statements nor the time
      // tell them apart.
      if (row && viewable.includes(row)) rows.push(row);
      else others.push(id);
    }
    for (const columns of rowsOf(others, viewable)) {
      const row = new StoredConnection(columns);
      keepSome(row);
      rows.push(row);
    }
    return rows;
  }

  /** Undefined if a row is not kept, or not visible. */
  function allKept(ids: readonly ConnectionId[], viewable: Viewable): StoredConnection[] | undefined {
    const rows: StoredConnection[] = [];
    for (const id of ids) {
      const row = kept(id);
      if (!row || !viewable.includes(row)) return undefined;
      rows.push(row);
    }
    return rows;
  }

  function read(find: () => readonly ConnectionId[], viewable: Viewable): StoredConnection[] {
    const isOwn = !database.inTransaction;
    // Without a transaction, another process could commit between the statements.
    if (isOwn) begin.run();
    try {
      const ids = find();
      if (ids.length === 0) return [];
      forgetAllIfChanged();
      return readAll(ids, viewable);
    } finally {
      if (isOwn && database.inTransaction) end.run();
    }
  }

  return {
    read,
    find(ids, viewable) {
      const found = allKept(ids, viewable);
      if (found && !forgetAllIfChanged()) return found;
      // A single statement reads one snapshot by itself. A row that it reads is at least as new as the kept ones, so it needs no check.
      return ids.length === 1 ? readAll(ids, viewable) : read(() => ids, viewable);
    },
    lists() {
      forgetAllIfChanged();
      return lists;
    },
    forget(id) {
      newer.delete(id);
      older.delete(id);
      lists = lists.withoutLists();
    },
    forgetAll,
  };
}
