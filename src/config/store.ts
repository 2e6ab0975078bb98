import type { ConnectionOptions } from 'node:tls';

import { z } from 'zod';

import { databaseOf, parseDatabaseUrl, POSTGRES_SCHEME } from './database-url';
import { accountId, certificatesFile, milliseconds, oneOf, region, wholeNumber } from './env-types';
import type { Environment, Variables } from './environment';
import { MAX_LIMIT } from './limits';
import { parsePostgresUrl, type PostgresUrl, type SslMode } from './postgres-url';

export const CONTROL_PLANE = {
  DATABASE_URL: z
    .string()
    .superRefine((url, context) => {
      const parsed = parseDatabaseUrl(url);
      if ('mistake' in parsed) context.addIssue({ code: 'custom', message: parsed.mistake });
    })
    .default('sqlite:./data/proton.db')
    .describe(
      'The database: `sqlite:PATH` (created with its folder when missing), `sqlite::memory:`, or `postgres://USER:PASSWORD@HOST:5432/DATABASE`. `~/` is the home folder. The parts of a PostgreSQL URL are percent-encoded; `?sslmode=` is `disable` (default), `require`, `verify-ca` or `verify-full`.',
    ),
  STORE_LOCK_TIMEOUT_MS: milliseconds(0)
    .default(5_000)
    .describe('SQLite: how long a write waits while another process locks the database.'),
  STORE_WAL_CHECK: oneOf(['on', 'off'])
    .default('on')
    .describe(
      'SQLite: `on` refuses to open a database whose write-ahead log is damaged before its last commits, which SQLite would drop. `off` does not check.',
    ),
  AWS_REGION: region.optional().meta({
    description: 'Region of connections that are created without one.',
    shownDefault: '`us-east-1`',
  }),
  PROTON_DEFAULT_ACCOUNT_ID: accountId.optional().meta({
    description:
      'Environment account of a `create` that names neither an account nor a role. With `PROTON_UPSTREAM` the default is the only account of `PROTON_ACCOUNTS`. With authentication there is none.',
    shownDefault: '`000000000000`',
  }),
  PROTON_CONNECTION_QUOTA: wholeNumber(1, MAX_LIMIT)
    .default(1000)
    .describe('Connections that one environment account may have in one Region, whatever their status.'),
};

export const POSTGRES = {
  DATABASE_POOL_SIZE: wholeNumber(1, 1_000).default(8).describe('Sessions that one process has at most.'),
  DATABASE_STATEMENT_TIMEOUT_MS: milliseconds(1)
    .default(1_500)
    .describe(
      'How long one statement may take. At most 500 ms less than `EXECUTION_TIMEOUT_MS`, or half of it if that is more. A start waits four times as long; a readiness check ends after 900 ms.',
    ),
  DATABASE_TLS_CA_FILE: certificatesFile
    .optional()
    .describe(
      'File of the certificates, in PEM, that the server’s certificate is verified with. Without it: those that Node knows.',
    ),
  DATABASE_PREPARE: oneOf(['true', 'false'])
    .default('true')
    .describe(
      '`false` sends no prepared statements, which PgBouncer before 1.21 does not support in transaction mode.',
    ),
  DATABASE_LISTEN_URL: z
    .string()
    .transform((url, context) => {
      if (url === 'off') return url;
      const parsed = parsePostgresUrl(url);
      if (!('mistake' in parsed)) return parsed;
      context.addIssue({ code: 'custom', message: `${parsed.mistake}; or it is off` });
      return z.NEVER;
    })
    .optional()
    .meta({
      description:
        'Where one session listens for changes of other replicas while there are subscriptions, so that they arrive in a few milliseconds. The URL of PostgreSQL itself where `DATABASE_URL` names a connection pooler. `off`: polling finds them within 250 ms.',
      shownDefault: '`DATABASE_URL`',
    }),
  DATABASE_READ_ONLY: oneOf(['refused', 'allowed'])
    .default('refused')
    .describe('`allowed`: a server on a read-only standby is ready, and answers reads.'),
  MIGRATE_ON_START: oneOf(['true', 'false'])
    .default('true')
    .describe('`false`: a start changes no schema. `npx proton-subgraph migrate` does it before.'),
};

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
