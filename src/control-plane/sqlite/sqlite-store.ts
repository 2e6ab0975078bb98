import type { ConnectionStatus } from '../../proton/connection';
import type { MaybePromise } from '../../proton/proton-service';
import type { AccessKeyStore } from '../access-keys/access-keys';
import type { ImportStore } from '../import/import-store';
import type { ConnectionStore, ExportStore, StoreHealth } from '../store';
import { openHandle, type DatabaseHandle } from './database-handle';
import type { StoreError } from './errors';
import { createReopeningHandle } from './reopening-handle';
import { DEFAULT_LOCK_TIMEOUT_MS } from './transactions';

export interface SqliteStoreOptions {
  /** A path, or `:memory:`. */
  readonly location: string;
  /** Receives the text of every statement that runs. */
  readonly trace?: ((statement: string) => void) | undefined;
  /** How long writes wait while another process holds the write lock, in milliseconds. */
  readonly lockTimeoutMs?: number | undefined;
  /** Whether opening refuses a damaged log (wal-check.ts). */
  readonly walCheck?: boolean | undefined;
  /** Receives each new kind of error once, and undefined when the store is available again. */
  readonly report?: ((error: StoreError | undefined) => void) | undefined;
}

export interface SqliteStore extends ConnectionStore {
  readonly accessKeys: AccessKeyStore;
  readonly imports: ImportStore;
  readonly exports: ExportStore;
  /**
   * Whether the store works. Any number of calls is cheap: a commit is tried at most once a second. Another process's lock counts
   * as an error once it has been held for `lockTimeoutMs`.
   */
  readonly health: () => Promise<StoreHealth>;
  /** The number of connections of each status, of all accounts. */
  readonly countByStatus: () => Promise<Readonly<Record<ConnectionStatus, number>>>;
}

/**
 * Opens a store in one SQLite file. While something is wrong with the file, calls fail with `UNAVAILABLE`.
 * @throws StoreOpenError when the file can't be used as a store
 */
export function openSqliteStore({
  location,
  trace,
  lockTimeoutMs = DEFAULT_LOCK_TIMEOUT_MS,
  walCheck,
  report = () => undefined,
}: SqliteStoreOptions): SqliteStore {
  const { read, write, health, current, close } = createReopeningHandle({
    handle: openHandle(location, lockTimeoutMs, { trace, walCheck }),
    reopen:
      location === ':memory:'
        ? undefined
        : (fullCheck) => openHandle(location, lockTimeoutMs, { trace, reopening: true, fullCheck }),
    lockTimeoutMs,
    report,
  });
  /** For methods that return a promise: a failure rejects. */
  const readLater = <Result>(work: (handle: DatabaseHandle) => MaybePromise<Result>): Promise<Result> =>
    new Promise((resolve) => {
      resolve(read(work));
    });
  return {
    findConnections: (ids, visibleTo) => read(({ reads }) => reads.findConnections(ids, visibleTo)),
    listConnections: (queries, options) => read(({ reads }) => reads.listConnections(queries, options)),
    countConnections: (queries, options) => read(({ reads }) => reads.countConnections(queries, options)),
    listEvents: (queries) => readLater(({ reads }) => reads.listEvents(queries)),
    countByStatus: () => readLater(({ reads }) => reads.countByStatus()),
    write: (writes, waitedMs = 0) => write((handle) => handle.write(writes, waitedMs)),
    accessKeys: {
      find: (id) => readLater(({ accessKeys }) => accessKeys.find(id)),
      list: () => readLater(({ accessKeys }) => accessKeys.list()),
      add: (key) => write(({ accessKeys }) => accessKeys.add(key)),
      revoke: (id, at) => write(({ accessKeys }) => accessKeys.revoke(id, at)),
      readKeyCheck: () => readLater(({ accessKeys }) => accessKeys.readKeyCheck()),
      writeKeyCheck: (keyCheck) => write(({ accessKeys }) => accessKeys.writeKeyCheck(keyCheck)),
    },
    // An import's staged records live in a temporary table of one handle, so it stays on that handle.
    imports: { begin: () => current().imports.begin() },
    exports: { connections: () => current().exports.connections() },
    health: () => Promise.resolve(health()),
    close() {
      close();
      return Promise.resolve();
    },
  };
}
