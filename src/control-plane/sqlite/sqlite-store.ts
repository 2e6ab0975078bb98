import type { AccessKeyStore } from '../access-keys/access-key-store';
import type { ExportStore, ConnectionStore, StoreHealth } from '../store';
import type { ImportStore } from '../import/import-store';
import { openOnce } from './database-handle';
import type { StoreReads } from './queries/reads';
import { standingOf } from './reopening-handle';
import type { StoreError } from './errors';
import { DEFAULT_LOCK_TIMEOUT_MS } from './transactions';

export interface SqliteStoreOptions {
  /** A path, or `:memory:`. */
  readonly location: string;
  /** Is told the text of every statement that runs. */
  readonly trace?: ((statement: string) => void) | undefined;
  /** How long writes wait for another process that holds the write lock, in milliseconds; 5,000 unless told otherwise. */
  readonly lockTimeoutMs?: number | undefined;
  /** Is told once when something begins to be wrong with the store, and, with undefined, when all is well again. */
  readonly report?: ((trouble: StoreError | undefined) => void) | undefined;
}

export interface SqliteStore extends ConnectionStore {
  readonly accessKeys: AccessKeyStore;
  readonly imports: ImportStore;
  readonly exports: ExportStore;
  /**
   * Whether it can serve. It may be asked as often as anybody likes: the disk is tried at most once a second. A lock that
   * another process holds counts once it has been held for as long as writes wait.
   */
  readonly health: () => Promise<StoreHealth>;
  /** How many connections there are of each status, whoever may see them. */
  readonly countByStatus: StoreReads['countByStatus'];
}

/**
 * A store in one SQLite file. What goes wrong with the file makes calls fail as `UNAVAILABLE`, and ends when its cause does.
 * @throws StoreOpenError when the file can't serve as one
 */
export function openSqliteStore({
  location,
  trace,
  lockTimeoutMs = DEFAULT_LOCK_TIMEOUT_MS,
  report = () => undefined,
}: SqliteStoreOptions): SqliteStore {
  const { read, write, health, opening, close } = standingOf({
    opening: openOnce(location, lockTimeoutMs, { trace }),
    reopen:
      location === ':memory:'
        ? undefined
        : (thorough) => openOnce(location, lockTimeoutMs, { trace, again: true, thorough }),
    lockTimeoutMs,
    report,
  });
  return {
    findConnections: (ids, visibleTo) => read(({ reads }) => reads.findConnections(ids, visibleTo)),
    listConnections: (queries, options) => read(({ reads }) => reads.listConnections(queries, options)),
    countConnections: (queries) => read(({ reads }) => reads.countConnections(queries)),
    listEvents: (queries) => read(({ reads }) => reads.listEvents(queries)),
    countByStatus: () => read(({ reads }) => reads.countByStatus()),
    write: (writes, waitedMs = 0) => write((current) => current.write(writes, waitedMs)),
    accessKeys: {
      find: (id) => read(({ accessKeys }) => accessKeys.find(id)),
      list: () => read(({ accessKeys }) => accessKeys.list()),
      add: (key) => write(({ accessKeys }) => accessKeys.add(key)),
      revoke: (id, at) => write(({ accessKeys }) => accessKeys.revoke(id, at)),
      readKeyCheck: () => read(({ accessKeys }) => accessKeys.readKeyCheck()),
      writeKeyCheck: (keyCheck) => write(({ accessKeys }) => accessKeys.writeKeyCheck(keyCheck)),
    },
    // What an import gathers lives and dies with one opening.
    imports: { begin: () => opening().imports.begin() },
    exports: { connections: () => opening().exports.connections() },
    health: () => Promise.resolve(health()),
    close() {
      close();
      return Promise.resolve();
    },
  };
}
