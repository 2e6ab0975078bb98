import { createEmbeddedProtonService } from '../../src/control-plane/control-plane';
import {
  openPostgresStore,
  type PostgresStoreOptions,
} from '../../src/control-plane/postgres/postgres-store';
import {
  type Database,
  openDatabase,
  type PostgresConnection,
} from '../../src/control-plane/postgres/database';
import type { Store } from '../../src/control-plane/store';
import type { PostgresDatabase } from './postgres';
import { account, type Clock, type ControlPlane, createClock, region } from './proton';

/** The parts of a database's URL, as the configuration passes them to the store. */
export function connectionTo(url: string): PostgresConnection {
  const { hostname, port, pathname, username, password } = new URL(url);
  return {
    host: hostname,
    port: Number(port),
    database: decodeURIComponent(pathname.slice(1)),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    ssl: false,
  };
}

/** Runs work on a connection pool without a store, and closes it. */
export async function withDatabase(
  url: string,
  work: (database: Database) => Promise<unknown>,
): Promise<void> {
  const options = { connection: connectionTo(url), poolSize: 3, timeoutMs: 10_000, prepare: true };
  const database = openDatabase(options);
  await work(database).finally(database.close);
}

export type StoreOverrides = Partial<Omit<PostgresStoreOptions, 'connection'>>;

/**
 * What databases that speak PostgreSQL's protocol do differently, or a proxy that shares sessions can't pass on. The store does without
 * it, also in its schema.
 */
const NOT_PORTABLE =
  /advisory|notify|\blisten|savepoint|nextval|identity|\btemp|trigger|references|jsonb|xid|skip locked/i;

/** What a store that listens also sends: outside the transactions of writes, and nothing depends on it. */
const NOTIFY = "SELECT pg_notify('proton_subgraph_feed', $1::text)";

/** Opens a store. A statement that is not portable fails, so every test of a store checks its statements. */
export function openTestStore(url: string, { trace, ...overrides }: StoreOverrides = {}) {
  const mayNotify = overrides.listenConnection !== undefined;
  return openPostgresStore({
    trace: (statement, values) => {
      if (NOT_PORTABLE.test(statement) && !(mayNotify && statement === NOTIFY))
        throw new Error(`a statement that is not portable: ${statement}`);
      trace?.(statement, values);
    },
    connection: connectionTo(url),
    poolSize: 8,
    timeoutMs: 10_000,
    prepare: true,
    migrate: true,
    readOnlyAllowed: false,
    ...overrides,
  });
}

export interface PostgresControlPlaneOptions extends StoreOverrides {
  readonly quota?: number;
}

/** Creates a real control plane on a database. */
export async function createPostgresControlPlane(
  url: string,
  { quota = 1000, ...overrides }: PostgresControlPlaneOptions = {},
): Promise<ControlPlane> {
  const clock = createClock();
  const store = await openTestStore(url, { now: clock.now, ...overrides });
  return controlPlaneOn(store, { quota, clock });
}

/** A control plane on an open store. */
export function controlPlaneOn(
  store: Store,
  { quota = 1000, clock = createClock() }: { readonly quota?: number; readonly clock?: Clock } = {},
): ControlPlane {
  const settings = {
    defaultRegion: region('us-east-1'),
    defaultAccountId: account('000000000000'),
    connectionQuota: quota,
  };
  return { service: createEmbeddedProtonService({ store, settings, now: clock.now }), store, clock };
}

const TABLES = [
  'connections',
  'account_scopes',
  'client_tokens',
  'connection_events',
  'unsequenced',
  'feed',
  'event_destinations',
  'outbound_events',
  'outbound_connections',
  'access_keys',
  'access_key_seal',
  'import_records',
];

/** Deletes the rows of all tables, which a store has created. For a few rows that is faster than TRUNCATE. */
export async function emptyTables({ query }: Pick<PostgresDatabase, 'query'>): Promise<void> {
  await query(
    [
      // At the other levels it fails when a store has just given positions.
      'BEGIN ISOLATION LEVEL READ COMMITTED',
      // The head of the feed first, so that no store gives positions meanwhile.
      'UPDATE feed_head SET position = 0',
      ...TABLES.map((table) => `DELETE FROM ${table}`),
      'COMMIT',
    ].join('; '),
  );
}
