import type { ConnectionOptions } from 'node:tls';

import { databaseOf, POSTGRES_SCHEME } from './database-url';
import type { Environment, Variables } from './environment';
import type { PostgresUrl, SslMode } from './postgres-url';

/** Where connections are kept. */
export type StoreConfig = SqliteStoreConfig | PostgresStoreConfig;

export interface SqliteStoreConfig {
  readonly kind: 'sqlite';
  /** A path, or `:memory:`. */
  readonly location: string;
  /** How long a write waits for another process's lock, in milliseconds. */
  readonly lockTimeoutMs: number;
  /** Whether to check the log for damage before opening. */
  readonly walCheck: boolean;
}

export interface PostgresStoreConfig {
  readonly kind: 'postgres';
  readonly connection: PostgresConnection;
  /** Where one session listens for changes of other replicas; undefined to find them by polling alone. */
  readonly listenConnection: PostgresConnection | undefined;
  /** How many sessions this process may have at most. */
  readonly poolSize: number;
  /** How long one statement may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether statements are prepared, which a connection pooler may not support. */
  readonly prepare: boolean;
  /** Whether the server counts as ready while the database takes no writes. */
  readonly readOnlyAllowed: boolean;
  /** Whether a start creates or changes the schema. */
  readonly migrateOnStart: boolean;
}

/** A database and the user who connects to it, in the words of pg. */
export interface PostgresConnection {
  /** A host name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Undefined: pg looks for it in PGPASSWORD and in `~/.pgpass`. */
  readonly password: string | undefined;
  readonly database: string;
  /** False for a connection that is not encrypted. */
  readonly ssl: false | ConnectionOptions;
}

/** Variables without effect unless DATABASE_URL names a PostgreSQL database. */
export const POSTGRES_VARIABLES = [
  'DATABASE_POOL_SIZE',
  'DATABASE_STATEMENT_TIMEOUT_MS',
  'DATABASE_TLS_CA_FILE',
  'DATABASE_PREPARE',
  'DATABASE_LISTEN_URL',
  'DATABASE_READ_ONLY',
  'MIGRATE_ON_START',
] as const satisfies readonly (keyof Variables)[];

/** The variables that say where connections are kept. Commands read only these. */
export const STORE_VARIABLES = [
  'DATABASE_URL',
  'STORE_LOCK_TIMEOUT_MS',
  'STORE_WAL_CHECK',
  ...POSTGRES_VARIABLES,
] as const satisfies readonly (keyof Variables)[];

export function storeConfig(variables: Pick<Variables, (typeof STORE_VARIABLES)[number]>): StoreConfig {
  const database = databaseOf(variables.DATABASE_URL);
  if (database.kind === 'sqlite') {
    return {
      ...database,
      lockTimeoutMs: variables.STORE_LOCK_TIMEOUT_MS,
      walCheck: variables.STORE_WAL_CHECK === 'on',
    };
  }
  const { DATABASE_TLS_CA_FILE: ca, DATABASE_LISTEN_URL: listen } = variables;
  return {
    kind: 'postgres',
    connection: connectionTo(database, ca),
    listenConnection: listen === 'off' ? undefined : connectionTo(listen ?? database, ca),
    poolSize: variables.DATABASE_POOL_SIZE,
    timeoutMs: variables.DATABASE_STATEMENT_TIMEOUT_MS,
    prepare: variables.DATABASE_PREPARE === 'true',
    readOnlyAllowed: variables.DATABASE_READ_ONLY === 'allowed',
    migrateOnStart: variables.MIGRATE_ON_START === 'true',
  };
}

function connectionTo(
  { host, port, user, password, database, sslMode }: PostgresUrl,
  ca: string | undefined,
): PostgresConnection {
  return { host, port, user, password, database, ssl: sslMode !== 'disable' && tlsOptions(sslMode, ca) };
}

/** As in libpq, `require` verifies the certificate, too, when the authority is given. */
function tlsOptions(sslMode: Exclude<SslMode, 'disable'>, ca: string | undefined): ConnectionOptions {
  return {
    ...(ca !== undefined && { ca }),
    rejectUnauthorized: sslMode !== 'require' || ca !== undefined,
    ...(sslMode !== 'verify-full' && { checkServerIdentity: () => undefined }),
  };
}

/** Variables of the other kind of database that would promise something that does not happen. */
export function storeMistakes(environment: Environment): readonly string[] {
  const { DATABASE_URL = '', DATABASE_TLS_CA_FILE, DATABASE_LISTEN_URL = '' } = environment;
  // STORE_LOCK_TIMEOUT_MS and STORE_WAL_CHECK have no effect on PostgreSQL, and no one misses it: they may stay set.
  if (!POSTGRES_SCHEME.test(DATABASE_URL)) {
    return POSTGRES_VARIABLES.filter((name) => environment[name] !== undefined).map(
      (name) =>
        `${name} is for PostgreSQL, and DATABASE_URL names no such database: set that to postgres://…, or unset ${name}.`,
    );
  }
  const encrypts = [DATABASE_URL, DATABASE_LISTEN_URL].some((url) => /[?]sslmode=(?!disable)/.test(url));
  if (DATABASE_TLS_CA_FILE === undefined || encrypts) return [];
  return [
    'DATABASE_TLS_CA_FILE has no effect on a connection that is not encrypted: add ?sslmode=verify-full to DATABASE_URL.',
  ];
}
