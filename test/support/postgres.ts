import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

import { Client, type QueryResultRow } from 'pg';

import { findPostgres, type PostgresInstallation } from '../../scripts/postgres/installation';
import {
  startPostgres,
  type PostgresServer,
  type PostgresServerOptions,
} from '../../scripts/postgres/server';

const { CI, TEST_POSTGRES_MISSING, TEST_POSTGRES_URL } = process.env;

/** Whether tests can use a PostgreSQL. */
export const hasPostgres = TEST_POSTGRES_MISSING === undefined;

/**
 * Defines tests that need PostgreSQL. Where no server can be started they are skipped, and their name says why; with CI=true they
 * fail instead.
 */
export function describeWithPostgres(name: string, define: () => void): void {
  if (TEST_POSTGRES_MISSING === undefined) {
    describe(name, define);
  } else if (CI === 'true') {
    describe(name, () => {
      it('needs PostgreSQL', () => {
        throw new Error(TEST_POSTGRES_MISSING);
      });
    });
  } else {
    describe.skip(`${name} (skipped without PostgreSQL: ${TEST_POSTGRES_MISSING})`, define);
  }
}

export interface PostgresDatabase {
  readonly url: string;
  /** Runs one statement in a session of its own, as a superuser. */
  readonly query: <Row extends QueryResultRow>(
    sql: string,
    parameters?: readonly unknown[],
  ) => Promise<readonly Row[]>;
  /** Ends its sessions and deletes it. */
  readonly drop: () => Promise<void>;
}

/** Creates an empty database before the tests of a block, and drops it afterwards. */
export function usePostgres(): Pick<PostgresDatabase, 'url' | 'query'> {
  let database: PostgresDatabase | undefined;
  const created = () => {
    if (!database) throw new Error('the database is created before the tests');
    return database;
  };
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database?.drop());
  return {
    get url() {
      return created().url;
    },
    query: (sql, parameters) => created().query(sql, parameters),
  };
}

/** @param template the name of a database to copy, in which there are no sessions. By default an empty one, which sorts by bytes. */
export async function createDatabase(template?: string): Promise<PostgresDatabase> {
  const name = `test_${String(process.pid)}_${randomBytes(6).toString('hex')}`;
  const source = template ?? "template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'";
  await run(serverUrl(), `CREATE DATABASE ${name} TEMPLATE ${source}`);
  const url = Object.assign(new URL(serverUrl()), { pathname: `/${name}` }).href;
  return {
    url,
    query: (sql, parameters) => run(url, sql, parameters),
    async drop() {
      await run(serverUrl(), `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** The programs that the server of the tests was started with. */
export function installedPostgres(): PostgresInstallation {
  return findPostgres(process.env['TEST_POSTGRES_BIN']);
}

const own: PostgresServer[] = [];

/** Starts a server of its own for tests that stop or kill it. Ends with the test file. */
export async function startOwnPostgres(options?: PostgresServerOptions): Promise<PostgresServer> {
  const server = await startPostgres(installedPostgres(), {
    ...options,
    settings: { fsync: 'off', ...options?.settings },
  });
  own.push(server);
  return server;
}

/** Stops a server and all of its processes, so that nothing answers. @returns a function that lets them go on */
export function freezePostgres({ pid }: Pick<PostgresServer, 'pid'>): () => void {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  const processes = [pid, ...stdout.trim().split(/\s+/).map(Number)];
  for (const each of processes) process.kill(each, 'SIGSTOP');
  const thaw = () => {
    if (!frozen.delete(thaw)) return;
    for (const each of processes) process.kill(each, 'SIGCONT');
  };
  frozen.add(thaw);
  return thaw;
}

/** What a failed test leaves frozen. */
const frozen = new Set<() => void>();

afterAll(async () => {
  for (const thaw of frozen) thaw();
  await Promise.all(own.splice(0).map(({ stop }) => stop()));
});

async function run<Row extends QueryResultRow>(
  url: string,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<readonly Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Row>(sql, [...parameters]);
    return rows;
  } finally {
    await client.end();
  }
}

/** The URL of the server that test/support/postgres-server.ts has started. */
function serverUrl(): string {
  if (TEST_POSTGRES_URL === undefined)
    throw new Error('unit tests have no PostgreSQL: name the file *.integration.test.ts');
  return TEST_POSTGRES_URL;
}
