import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { Client } from 'pg';

import { findPostgres, PostgresMissing, type PostgresUser } from './installation';
import { startPostgres } from './server';

/**
 * `npm run start:postgres`: the server on a PostgreSQL of its own. Ctrl-C ends both.
 *
 * Usage: node -r @swc-node/register scripts/postgres/demo.ts [FOLDER]   (the data is kept in data/postgres by default)
 */
const PROJECT = join(__dirname, '..', '..');
const DATABASE = 'proton';
/** For root in a folder that the user who runs PostgreSQL has no access to. */
const SYSTEM_FOLDER = '/var/lib/proton-subgraph';

void main();

async function main(): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stopping.abort();
    });
  }
  try {
    process.exitCode = await run(stopping.signal);
  } catch (error) {
    process.exitCode = 1;
    console.error(
      error instanceof PostgresMissing ? `PostgreSQL can't be started: ${error.message}.` : error,
    );
  }
}

/** @returns the exit code of the server */
async function run(stopping: AbortSignal): Promise<number> {
  const installation = findPostgres();
  const folder = dataFolderFor(installation.user);
  const password = passwordIn(folder);
  console.log(`Starting PostgreSQL, with its data in ${folder}`);
  const postgres = await startPostgres(installation, { dataFolder: join(folder, 'cluster'), password });
  try {
    await createDatabase(postgres.url);
    console.log(
      `PGPASSWORD=$(cat ${join(folder, 'password')}) psql -h 127.0.0.1 -p ${String(postgres.port)} -U postgres ${DATABASE}`,
    );
    if (stopping.aborted) return 0;
    const server = spawn(process.execPath, [join(PROJECT, 'dist', 'main.js')], {
      env: { ...process.env, DATABASE_URL: urlOf(postgres.url, DATABASE) },
      stdio: 'inherit',
    });
    // A terminal sends Ctrl-C to the server as well, which takes two signals within a second for one.
    stopping.addEventListener('abort', () => server.kill('SIGTERM'));
    const [code] = (await once(server, 'exit')) as [number | null];
    return code ?? 1;
  } finally {
    await postgres.stop();
    installation.remove();
  }
}

function dataFolderFor(user: PostgresUser | undefined): string {
  const chosen = resolve(process.argv[2] ?? join(PROJECT, 'data', 'postgres'));
  mkdirSync(chosen, { recursive: true });
  if (!user || canEnter(user, chosen)) return chosen;
  const elsewhere = join(SYSTEM_FOLDER, 'postgres');
  mkdirSync(elsewhere, { recursive: true });
  return elsewhere;
}

function canEnter(user: PostgresUser, folder: string): boolean {
  return spawnSync('test', ['-x', folder], { ...user, cwd: tmpdir() }).status === 0;
}

/** The superuser's password, which the data folder was created with. */
function passwordIn(folder: string): string {
  const file = join(folder, 'password');
  if (!existsSync(file)) writeFileSync(file, randomBytes(12).toString('hex'), { mode: 0o600 });
  chmodSync(file, 0o600);
  return readFileSync(file, 'utf8');
}

async function createDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

function urlOf(serverUrl: string, database: string): string {
  return Object.assign(new URL(serverUrl), { pathname: `/${database}` }).href;
}
