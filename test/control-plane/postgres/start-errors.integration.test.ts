import { spawnSync } from 'node:child_process';
import { chownSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';

import { Client, type ClientConfig } from 'pg';

import { readStoreConfig } from '../../../src/config/config';
import { migrateDatabase } from '../../../src/control-plane/postgres/postgres-store';
import {
  explainMissingSteps,
  explainOldServer,
  explainStartError,
} from '../../../src/control-plane/postgres/start-errors';
import { testUnless } from '../../support/aws-commands';
import { useTemporaryFolder } from '../../support/folder';
import { describeWithPostgres, startOwnPostgres, usePostgres } from '../../support/postgres';

const PASSWORD = 's3cret/%';
const ADDRESS = { host: '127.0.0.1', port: 1, user: 'me', database: 'connections' };

/** What a start prints when these settings lead to an error, in the session or in a statement. */
async function sentenceFor(
  settings: ClientConfig & typeof ADDRESS,
  statement = 'SELECT 1',
): Promise<string | undefined> {
  const client = new Client({ password: PASSWORD, ...settings });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(statement);
  } catch (error) {
    const sentence = explainStartError(error, settings);
    expect(sentence).not.toContain('s3cret');
    return sentence;
  } finally {
    await client.end().catch(() => undefined);
  }
  throw new Error('the start does not fail');
}

describe('A start on PostgreSQL', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function listen(onConnection: (socket: Socket) => void): Promise<number> {
    const server = createServer(onConnection).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  it('explains a wrong host', async () => {
    expect(await sentenceFor({ ...ADDRESS, host: 'db.invalid' })).toMatch(
      /^DATABASE_URL names the host db\.invalid, which has no address \((?:ENOTFOUND|EAI_AGAIN)\): correct the name/,
    );
  });

  it('explains a refused connection, also where the host has several addresses', async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      expect(await sentenceFor({ ...ADDRESS, host })).toBe(
        `Nothing listens at ${host}:1 (ECONNREFUSED): start PostgreSQL there, or correct host and port in DATABASE_URL.`,
      );
    }
    expect(await sentenceFor({ ...ADDRESS, host: '/nowhere' })).toMatch(
      /^There is no socket of PostgreSQL in \/nowhere for port 1 \(ENOENT\): start PostgreSQL/,
    );
  });

  it('explains a server that does not respond', async () => {
    const port = await listen(() => undefined);
    const expected = `127.0.0.1:${String(port)} does not respond: check that PostgreSQL runs there`;
    expect(await sentenceFor({ ...ADDRESS, port, connectionTimeoutMillis: 50 })).toMatch(expected);
    const connection = { ...ADDRESS, port, password: PASSWORD, ssl: false };
    const options = { connection, poolSize: 1, timeoutMs: 50, prepare: true };
    await expect(migrateDatabase(options)).rejects.toMatchObject({
      name: 'StoreOpenError',
      message: expect.stringContaining(expected) as unknown,
    });
  });

  it('explains a server that ends the connection, as one that is not PostgreSQL does', async () => {
    const port = await listen((socket) => socket.end());
    expect(await sentenceFor({ ...ADDRESS, port })).toMatch(
      `The server at 127.0.0.1:${String(port)} ended the connection: check in its log why, and that DATABASE_URL names PostgreSQL.`,
    );
  });

  it('explains an old server, and steps of the schema that are missing', () => {
    expect(explainOldServer('14.9', { ...ADDRESS, host: '::1' })).toBe(
      'PostgreSQL 14.9 at [::1]:1 is too old: let DATABASE_URL name a server of version 15 or newer.',
    );
    expect(explainMissingSteps(['feed', 'events'], ADDRESS)).toMatch(
      /^The database connections of DATABASE_URL lacks 2 steps of this version's schema: run `npx proton-subgraph migrate`/,
    );
  });

  it('explains no error of this program', () => {
    expect(explainStartError(new TypeError('x is not a function'), ADDRESS)).toBeUndefined();
    expect(
      explainStartError(Object.assign(new Error('no'), { code: 'ERR_INVALID_ARG_TYPE' }), ADDRESS),
    ).toBeUndefined();
    expect(explainStartError(undefined, ADDRESS)).toBeUndefined();
  });

  it('shows only the code of an error that it does not know', () => {
    const error = Object.assign(new Error(PASSWORD), { code: 'XX000' });
    expect(explainStartError(error, ADDRESS)).toBe(
      "PostgreSQL at 127.0.0.1:1 can't be used (XX000): see its log for the reason, or correct DATABASE_URL.",
    );
  });
});

describeWithPostgres('A start on a PostgreSQL that refuses it', () => {
  // Jest calls these in this order: the role goes before the database that it is granted rights on.
  afterAll(async () => {
    await database.query(`DROP OWNED BY ${role}`);
    await database.query(`DROP ROLE ${role}`);
  });
  const database = usePostgres();
  const address = () => {
    const { hostname: host, port, pathname } = new URL(database.url);
    return { ...ADDRESS, host, port: Number(port), database: pathname.slice(1) };
  };
  const role = `me_${String(process.pid)}`;

  beforeAll(async () => {
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}'`);
  });

  it('explains a wrong password, a missing one and a missing user', async () => {
    const { host, port } = address();
    expect(await sentenceFor({ ...address(), user: role, password: 's3cret' })).toBe(
      `PostgreSQL at ${host}:${String(port)} refuses the password of the user ${role} (28P01): correct it in DATABASE_URL, percent-encoded.`,
    );
    expect(await sentenceFor({ ...address(), user: role, password: '' })).toMatch(
      /asks for a password of the user me_\d+: add it to DATABASE_URL|refuses the password/,
    );
    // PostgreSQL does not say whether a user exists.
    expect(await sentenceFor(address())).toContain('refuses the password of the user me (28P01)');
  });

  it('explains a missing database', async () => {
    expect(await sentenceFor({ ...address(), user: role, database: 'nowhere' })).toMatch(
      /has no database nowhere \(3D000\): create it \(CREATE DATABASE\), or correct its name in DATABASE_URL\.$/,
    );
  });

  it('explains missing rights on the schema, on a table and on the database', async () => {
    const settings = { ...address(), user: role };
    expect(await sentenceFor(settings, 'CREATE TABLE mine (id int)')).toBe(
      `The user ${role} may not create tables in the database ${settings.database} of DATABASE_URL (42501): GRANT USAGE, CREATE ON SCHEMA public to it, or let the owner run \`npx proton-subgraph migrate\` and set MIGRATE_ON_START=false.`,
    );
    await database.query('CREATE TABLE theirs (id int)');
    expect(await sentenceFor(settings, 'SELECT * FROM theirs')).toMatch(
      /lacks a right on a table .* \(42501\): GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public to it\.$/,
    );
    await database.query(`REVOKE CONNECT ON DATABASE ${settings.database} FROM public`);
    expect(await sentenceFor(settings)).toMatch(
      /may not connect to the database test_\w+ .* GRANT CONNECT ON DATABASE/,
    );
    await database.query(`GRANT CONNECT ON DATABASE ${settings.database} TO public`);
  });

  it('explains a server that takes no writes, and one without free connections', async () => {
    const settings = { ...address(), user: role };
    expect(
      await sentenceFor({ ...settings, options: '-c default_transaction_read_only=on' }, 'CREATE TABLE x ()'),
    ).toMatch(
      /takes no writes, as a standby does \(25006\): let DATABASE_URL name the primary, or set MIGRATE_ON_START=false/,
    );
    await database.query(`ALTER ROLE ${role} CONNECTION LIMIT 0`);
    expect(await sentenceFor(settings)).toMatch(
      /has no free connection \(53300\): raise its max_connections/,
    );
    await database.query(`ALTER ROLE ${role} CONNECTION LIMIT -1`);
  });
});

const opensslMissing =
  spawnSync('openssl', ['version']).status === 0 ? undefined : 'no openssl command on this machine';

describeWithPostgres('A start on PostgreSQL with TLS', () => {
  const folder = useTemporaryFolder();

  testUnless(
    opensslMissing,
    'explains certificates that are not known, not for the host, and TLS that is off',
    async () => {
      const server = await startOwnPostgres();
      const { host, port, user, password, database } = new Client(server.url);
      const settings = { ...ADDRESS, host, port, user: user ?? '', password, database: database ?? '' };
      expect(await sentenceFor({ ...settings, ssl: { rejectUnauthorized: false } })).toMatch(
        /has no TLS, and DATABASE_URL asks for it: turn ssl on in the server, or set sslmode=disable in DATABASE_URL\.$/,
      );

      const ca = makeCertificate(server.dataFolder, folder.path('key'));
      await run(settings, "ALTER SYSTEM SET ssl = 'on'");
      await run(settings, 'SELECT pg_reload_conf()');
      expect(await sentenceFor({ ...settings, ssl: {} })).toMatch(
        /is not signed by an authority that this server knows \(DEPTH_ZERO_SELF_SIGNED_CERT\): set DATABASE_TLS_CA_FILE/,
      );
      expect(await sentenceFor({ ...settings, ssl: { ca } })).toMatch(
        /^The server's certificate is not for 127\.0\.0\.1 \(ERR_TLS_CERT_ALTNAME_INVALID\): write the host/,
      );
      await run({ ...settings, ssl: { ca, checkServerIdentity: () => undefined } }, 'SELECT 1');

      const DATABASE_TLS_CA_FILE = folder.path('ca.pem');
      writeFileSync(DATABASE_TLS_CA_FILE, ca);
      const start = (sslMode: string, variables = {}) =>
        startWith({ DATABASE_URL: `${server.url}?sslmode=${sslMode}`, ...variables });
      await start('require');
      await start('verify-ca', { DATABASE_TLS_CA_FILE });
      await expect(start('verify-ca')).rejects.toThrow('is not signed by an authority');
      await expect(start('verify-full', { DATABASE_TLS_CA_FILE })).rejects.toThrow('is not for 127.0.0.1');

      writeFileSync(join(server.dataFolder, 'pg_hba.conf'), 'hostssl all all 127.0.0.1/32 scram-sha-256\n');
      await run(
        { ...settings, ssl: { ca, checkServerIdentity: () => undefined } },
        'SELECT pg_reload_conf()',
      );
      expect(await sentenceFor(settings)).toMatch(
        /lets the user postgres into postgres from here only with TLS, or not at all \(28000\): add \?sslmode=verify-full/,
      );
    },
  );
});

/** Starts as a server with these variables does, up to the schema. */
async function startWith(variables: Readonly<Record<string, string>>): Promise<void> {
  const store = readStoreConfig(variables);
  if (store?.kind !== 'postgres') throw new Error('the variables name a PostgreSQL database');
  await migrateDatabase(store);
}

/** Makes a certificate for another host where the server looks for its own. @returns the certificate, which signs itself */
function makeCertificate(dataFolder: string, keyFile: string): string {
  const certificate = join(dataFolder, 'server.crt');
  const request = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=db.example.com',
  ];
  const extension = ['-addext', 'subjectAltName=DNS:db.example.com'];
  const { status, stderr } = spawnSync(
    'openssl',
    [...request, ...extension, '-keyout', keyFile, '-out', certificate],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  const key = join(dataFolder, 'server.key');
  writeFileSync(key, readFileSync(keyFile), { mode: 0o600 });
  const { uid, gid } = statSync(dataFolder);
  for (const file of [certificate, key]) chownSync(file, uid, gid);
  return readFileSync(certificate, 'utf8');
}

async function run(settings: ClientConfig, statement: string): Promise<void> {
  const client = new Client(settings);
  await client.connect();
  await client.query(statement);
  await client.end();
}
