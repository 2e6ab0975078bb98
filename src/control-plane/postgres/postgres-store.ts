import { ProtonFailure } from '../../proton/failure';
import { StoreOpenError, type StoreError } from '../store-errors';
import type { Store } from '../store';
import {
  openDatabase,
  statementTimeout,
  type Database,
  type DatabaseOptions,
  type PostgresConnection,
} from './database';
import { PostgresStoreError, reading } from './errors';
import { announcementsOn } from './feed/announcements';
import { feedOn } from './feed/feed';
import { startHousekeeping } from './feed/housekeeping';
import { healthOn } from './health';
import { exportsOn } from './import/exports';
import { importsOn } from './import/imports';
import { outboundOn } from './outbound/outbound';
import { accessKeysOn } from './queries/access-keys';
import { countByStatus } from './queries/counts';
import { readsOn } from './queries/reads';
import { migrate, missingSteps } from './schema/migrate';
import { explainMissingSteps, explainOldServer, explainStartError, OLDEST_VERSION } from './start-errors';
import { writerOn } from './writes/writer';

export interface PostgresStoreOptions extends DatabaseOptions {
  /** Whether opening applies the steps of the schema that the database lacks; otherwise it refuses such a database. */
  readonly migrate: boolean;
  /** Whether the store is healthy while the server is a read-only standby. */
  readonly readOnlyAllowed: boolean;
  /** How long a request may execute, in milliseconds: what can't be done in this time is answered by then. By default no limit. */
  readonly executionMs?: number | undefined;
  /** Receives each new kind of error once, and undefined when the store is available again. */
  readonly report?: ((error: StoreError | undefined) => void) | undefined;
  /** Receives the SQLSTATE, or Node's code, of each error after which a transaction is repeated. */
  readonly retried?: ((code: string) => void) | undefined;
  /** How long the change feed keeps changes, in milliseconds; by default `FEED_RETENTION_MS`. */
  readonly feedRetentionMs?: number | undefined;
  /**
   * Where one session listens for the changes of other processes, while the feed is watched. By default no one listens, and this
   * process's changes are not announced to others.
   */
  readonly listenConnection?: PostgresConnection | undefined;
  /** Receives the first error of an outage, after which this process doesn't listen, and undefined when it listens again. */
  readonly listening?: ((error: Error | undefined) => void) | undefined;
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined;
}

/**
 * Opens a store on a PostgreSQL server, which other processes may use at the same time. While the server can't be used, calls fail with
 * `UNAVAILABLE`.
 * @throws StoreOpenError when the server can't be reached, is too old, or lacks a step of the schema that must not be applied
 */
export async function openPostgresStore({
  executionMs = Infinity,
  ...given
}: PostgresStoreOptions): Promise<Store> {
  const options = { ...given, timeoutMs: statementTimeout(given.timeoutMs, executionMs) };
  const {
    report = () => undefined,
    retried = () => undefined,
    listening = () => undefined,
    listenConnection,
    now = Date.now,
    readOnlyAllowed,
  } = options;
  await prepareSchema(given);
  const database = openDatabase(options);
  const announcements = announcementsOn({ database, listenConnection, listening });
  const housekeeping = startHousekeeping({
    database,
    now,
    sequenced: announcements.announce,
    feedRetentionMs: options.feedRetentionMs,
  });
  const reads = readsOn(database);
  const write = writerOn({ database, changed: housekeeping.changed, retried });
  const observed = observer(report);
  return {
    findConnections: observed(reads.findConnections),
    listConnections: observed(reads.listConnections),
    countConnections: observed(reads.countConnections),
    listEvents: observed(reads.listEvents),
    readOverview: observed(reads.readOverview),
    listAccounts: observed(reads.listAccounts),
    countByStatus: observed(() => reading(() => countByStatus(database))),
    concurrentWrites: 2,
    write: observed(async (writes, waitedMs) => {
      for (const write of writes) {
        if (write.kind === 'create' && write.clientToken)
          housekeeping.tokensExpired(write.clientToken.expiredAt);
      }
      return write(writes, waitedMs);
    }),
    accessKeys: accessKeysOn(database),
    imports: importsOn(database, { changed: housekeeping.changed }),
    exports: exportsOn(database),
    feed: { ...feedOn(database, { now, sequenced: announcements.announce }), watch: announcements.add },
    outbound: outboundOn(database),
    health: healthOn({ database, readOnlyAllowed }),
    pool: database.counts,
    async close() {
      announcements.clear();
      await housekeeping.stop();
      await database.close();
    },
  };
}

/**
 * Applies the steps of the schema that a database lacks.
 * @returns how many were applied
 * @throws StoreOpenError
 */
export function migrateDatabase(options: DatabaseOptions): Promise<number> {
  return starting(options, async (database) => (await migrate(database)).length);
}

/** @throws StoreOpenError */
async function prepareSchema(options: PostgresStoreOptions): Promise<void> {
  await starting(options, async (database) => {
    if (options.migrate) await migrate(database);
    const missing = await missingSteps(database);
    if (missing.length === 0) return;
    const names = missing.map(({ step }) => String(step));
    throw new StoreOpenError(explainMissingSteps(names, options.connection));
  });
}

/** How many times longer than others the statements of a start may take: no client waits for them, and many servers may start at once. */
const START_TIMEOUTS = 4;

/**
 * Runs what a start does before the store is used, in sessions of its own.
 * @throws StoreOpenError with a sentence for the person who starts this process, when an error of the server is the reason
 */
async function starting<Result>(
  options: DatabaseOptions,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const database = openDatabase({ ...options, timeoutMs: START_TIMEOUTS * options.timeoutMs });
  try {
    await checkVersion(database, options);
    return await work(database);
  } catch (error) {
    const sentence =
      error instanceof StoreOpenError ? undefined : explainStartError(error, options.connection);
    throw sentence === undefined ? error : new StoreOpenError(sentence, { cause: error });
  } finally {
    await database.close();
  }
}

async function checkVersion(database: Database, { connection }: DatabaseOptions): Promise<void> {
  const [[version] = ['']] = (await database.run({ text: 'SHOW server_version' })) as readonly [string][];
  if (Number.parseInt(version) < OLDEST_VERSION) {
    throw new StoreOpenError(explainOldServer(version, connection));
  }
}

/** Wraps calls, to report when the store becomes unavailable and when it is available again. */
function observer(report: (error: StoreError | undefined) => void) {
  let current: PostgresStoreError | undefined;
  return <Parameters extends readonly unknown[], Result>(
      call: (...parameters: Parameters) => Result | Promise<Result>,
    ) =>
    async (...parameters: Parameters): Promise<Result> => {
      try {
        const result = await call(...parameters);
        if (current) report(undefined);
        current = undefined;
        return result;
      } catch (error) {
        if (error instanceof ProtonFailure && error.cause instanceof PostgresStoreError) {
          if (error.cause.kind !== current?.kind) report(error.cause);
          current = error.cause;
        }
        throw error;
      }
    };
}
