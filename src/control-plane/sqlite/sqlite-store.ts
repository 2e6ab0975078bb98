import type { MaybePromise } from '../../proton/proton-service';
import type { Store } from '../store';
import { createWatchers } from '../watchers';
import { openHandle, type DatabaseHandle } from './database-handle';
import type { SqliteStoreError } from './errors';
import { createReopeningHandle } from './reopening-handle';
import { DEFAULT_LOCK_TIMEOUT_MS } from './transactions';
import { watchFile } from './watch-file';

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
  readonly report?: ((error: SqliteStoreError | undefined) => void) | undefined;
}

/**
 * Opens a store in one SQLite file. While something is wrong with the file, calls fail with `UNAVAILABLE`. Its health is bad, too, once
 * another process has held the lock for `lockTimeoutMs`.
 * @throws StoreOpenError when the file can't be used as a store
 */
export function openSqliteStore({
  location,
  trace,
  lockTimeoutMs = DEFAULT_LOCK_TIMEOUT_MS,
  walCheck,
  report = () => undefined,
}: SqliteStoreOptions): Store {
  const watchers = createWatchers(() => watchFile(current, watchers.signal));
  const committed = watchers.signal;
  const { read, write, health, current, close } = createReopeningHandle({
    handle: openHandle(location, lockTimeoutMs, { trace, walCheck, committed }),
    reopen:
      location === ':memory:'
        ? undefined
        : (fullCheck) =>
            openHandle(location, lockTimeoutMs, { trace, reopening: true, fullCheck, committed }),
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
    readOverview: (query, options) => read(({ reads }) => reads.readOverview(query, options)),
    listAccounts: (range) => read(({ reads }) => reads.listAccounts(range)),
    countByStatus: () => readLater(({ reads }) => reads.countByStatus()),
    // A file has one lock for all writers.
    concurrentWrites: 1,
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
    feed: {
      head: () => readLater(({ feed }) => feed.head()),
      before: (at) => readLater(({ feed }) => feed.before(at)),
      read: (after, limit) => readLater(({ feed }) => feed.read(after, limit)),
      // A change gets its position in the transaction that makes it.
      lag: () => Promise.resolve({ changes: 0, milliseconds: 0 }),
      watch: watchers.add,
    },
    outbound: {
      register: (destinations) => write(({ outbound }) => outbound.register(destinations)),
      list: () => readLater(({ outbound }) => outbound.list()),
      backlogs: () => readLater(({ outbound }) => outbound.backlogs()),
      enqueue: (...args) => write(({ outbound }) => outbound.enqueue(...args)),
      replay: (name, events) => write(({ outbound }) => outbound.replay(name, events)),
      // Work is looked for first, because a write that changes nothing would count as a proof that the disk works.
      claim: async (name, options) =>
        (await readLater(({ outbound }) => outbound.peek(name))) ??
        write(({ outbound }) => outbound.claim(name, options)),
      settle: (name, results) => write(({ outbound }) => outbound.settle(name, results)),
      suspend: (...args) => write(({ outbound }) => outbound.suspend(...args)),
      dropOlder: async (name, ageMs) =>
        (await readLater(({ outbound }) => outbound.hasOlder(name, ageMs)))
          ? write(({ outbound }) => outbound.dropOlder(name, ageMs))
          : 0,
      pause: (name, reason) => write(({ outbound }) => outbound.pause(name, reason)),
      resume: (name) => write(({ outbound }) => outbound.resume(name)),
    },
    health: () => Promise.resolve(health()),
    pool: undefined,
    close() {
      watchers.clear();
      close();
      return Promise.resolve();
    },
  };
}
