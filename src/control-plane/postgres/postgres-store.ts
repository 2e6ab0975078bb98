import { ProtonFailure } from '../../proton/failure';
import { StoreOpenError, type StoreError } from '../store-errors';
import type { Store } from '../store';
import { openDatabase, type Database, type DatabaseOptions, type PostgresConnection } from './database';
import { PostgresStoreError, reading } from './errors';
import { announcementsOn } from './feed/announcements';
import { feedOn } from './feed/feed';
import { startHousekeeping } from './feed/housekeeping';
import { healthOn } from './health';
import { exportsOn } from './import/exports';
import { importsOn } from './import/imports';
import { accessKeysOn } from './queries/access-keys';
import { statusCountsOn } from './queries/counts';
import { readsOn } from './queries/reads';
import { migrate, missingSteps } from './schema/migrate';
import { explainMissingSteps, explainOldServer, explainStartError, OLDEST_VERSION } from './start-errors';
import { writerOn } from './writes/writer';

export interface PostgresStoreOptions extends DatabaseOptions {
  /** Whether opening applies the steps of the schema that the database lacks; otherwise it refuses such a database. */
  readonly migrate: boolean;
  /** Whether the store is healthy while the server is a read-only standby. */
  readonly readOnlyAllowed: boolean;
  /** Receives each new kind of error once, and undefined when the store is available again. */
  readonly report?: ((error: StoreError | undefined) => void) | undefined;
  /** Receives the SQLSTATE, or Node's code, of each error after which a transaction is repeated. */
  readonly retried?: ((code: string) => void) | undefined;
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
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const {
    report = () => undefined,
    retried = () => undefined,
    listening = () => undefined,
    listenConnection,
    now = Date.now,
    readOnlyAllowed,
  } = options;
  const database = await explainingStart(options, () => openMigrated(options));
  const announcements = announcementsOn({ database, listenConnection, listening });
  const housekeeping = startHousekeeping({ database, now, sequenced: announcements.announce });
  const reads = readsOn(database);
  const write = writerOn({ database, changed: housekeeping.changed, retried });
  const observed = observer(report);
  const countByStatus = statusCountsOn(database);
  return {
    findConnections: observed(reads.findConnections),
    listConnections: observed(reads.listConnections),
    countConnections: observed(reads.countConnections),
    listEvents: observed(reads.listEvents),
    readOverview: observed(reads.readOverview),
    countByStatus: observed(() => reading(countByStatus)),
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
  return explainingStart(options, async () => {
    const database = openDatabase(options);
    try {
      await checkVersion(database, options);
      return (await migrate(database)).length;
    } finally {
      await database.close();
    }
  });
}

async function openMigrated(options: PostgresStoreOptions): Promise<Database> {
  const database = openDatabase(options);
  try {
    await checkVersion(database, options);
    if (options.migrate) await migrate(database);
    const missing = await missingSteps(database);
    if (missing.length > 0) {
      const names = missing.map(({ step }) => String(step));
      throw new StoreOpenError(explainMissingSteps(names, options.connection));
    }
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function checkVersion(database: Database, { connection }: DatabaseOptions): Promise<void> {
  const [[version] = ['']] = (await database.run({ text: 'SHOW server_version' })) as readonly [string][];
  if (Number.parseInt(version) < OLDEST_VERSION) {
    throw new StoreOpenError(explainOldServer(version, connection));
  }
}

/** Turns an error of the server into a sentence for the person who starts this process. */
async function explainingStart<Result>(
  { connection }: DatabaseOptions,
  start: () => Promise<Result>,
): Promise<Result> {
  try {
    return await start();
  } catch (error) {
    const sentence = error instanceof StoreOpenError ? undefined : explainStartError(error, connection);
    throw sentence === undefined ? error : new StoreOpenError(sentence, { cause: error });
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
