import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';

import { readConfig, readStoreConfig } from '../../src/config/config';
import { mistakesIn } from '../support/config-mistakes';
import { useTemporaryFolder } from '../support/folder';
import { PROJECT } from '../support/server-process';

type Environment = Readonly<Record<string, string>>;

const [CERTIFICATE = ''] = rootCertificates;
const URL = 'postgres://proton:s3cret@db.example.com/connections';

const storeOf = (environment: Environment) => {
  const { proton } = readConfig(environment);
  return proton.kind === 'embedded' ? proton.store : undefined;
};

const connectionOf = (DATABASE_URL: string, environment: Environment = {}) => {
  const store = storeOf({ DATABASE_URL, ...environment });
  return store?.kind === 'postgres' ? store.connection : undefined;
};

describe('The configuration of PostgreSQL', () => {
  const folder = useTemporaryFolder();

  it('needs one variable', () => {
    const connection = {
      host: 'db.example.com',
      port: 5432,
      user: 'proton',
      password: 's3cret',
      database: 'connections',
      ssl: false,
    };
    const store = {
      kind: 'postgres',
      connection,
      listenConnection: connection,
      poolSize: 8,
      timeoutMs: 1_500,
      prepare: true,
      readOnlyAllowed: false,
      migrateOnStart: true,
    };
    expect(storeOf({ DATABASE_URL: URL })).toEqual(store);
    expect(readStoreConfig({ DATABASE_URL: URL })).toEqual(store);
    expect(storeOf({ DATABASE_URL: URL.replace('postgres:', 'PostgreSQL:') })).toEqual(store);
  });

  it('reads every variable', () => {
    const variables = {
      DATABASE_POOL_SIZE: '3',
      DATABASE_STATEMENT_TIMEOUT_MS: '700',
      DATABASE_PREPARE: 'false',
      DATABASE_LISTEN_URL: 'postgres://listener@primary:5433/connections',
      DATABASE_READ_ONLY: 'allowed',
      MIGRATE_ON_START: 'false',
    };
    expect(storeOf({ DATABASE_URL: URL, ...variables })).toMatchObject({
      listenConnection: { host: 'primary', port: 5433, user: 'listener', password: undefined },
      poolSize: 3,
      timeoutMs: 700,
      prepare: false,
      readOnlyAllowed: true,
      migrateOnStart: false,
    });
    expect(storeOf({ DATABASE_URL: URL, DATABASE_LISTEN_URL: 'off' })).toMatchObject({
      listenConnection: undefined,
    });
  });

  it.each([
    ['postgres://a%40b:p%3A%2F%25@db/x%20y', { user: 'a@b', password: 'p:/%', database: 'x y' }],
    ['postgres://me:a:b@db/x', { password: 'a:b' }],
    ['postgres://me:@db/x', { password: '' }],
    ['postgres://me@[2001:db8::1]:6432/x', { host: '2001:db8::1', port: 6432 }],
    ['postgres://me@%2Fpostgresql/x', { host: '/postgresql' }],
  ])('reads %s', (url, parts) => {
    expect(connectionOf(url)).toMatchObject(parts);
  });

  it('verifies certificates as sslmode says, and always those of DATABASE_TLS_CA_FILE', () => {
    const tlsOf = (mode: string, environment?: Environment) =>
      connectionOf(`${URL}?sslmode=${mode}`, environment)?.ssl;
    const anyHost = { checkServerIdentity: expect.any(Function) as unknown };
    expect(tlsOf('disable')).toBe(false);
    expect(tlsOf('require')).toEqual({ rejectUnauthorized: false, ...anyHost });
    expect(tlsOf('verify-ca')).toEqual({ rejectUnauthorized: true, ...anyHost });
    expect(tlsOf('verify-full')).toEqual({ rejectUnauthorized: true });
    const DATABASE_TLS_CA_FILE = folder.path('ca.pem');
    writeFileSync(DATABASE_TLS_CA_FILE, CERTIFICATE);
    expect(tlsOf('require', { DATABASE_TLS_CA_FILE })).toEqual({
      ca: CERTIFICATE,
      rejectUnauthorized: true,
      ...anyHost,
    });
    expect(mistakesIn({ DATABASE_URL: URL, DATABASE_TLS_CA_FILE })).toEqual([
      expect.stringMatching(
        /^DATABASE_TLS_CA_FILE has no effect .* add \?sslmode=verify-full to DATABASE_URL/,
      ),
    ]);
  });

  it.each([join(PROJECT, 'missing.pem'), join(PROJECT, 'README.md')])(
    'rejects a file without certificates',
    (file) => {
      const environment = { DATABASE_URL: `${URL}?sslmode=verify-full`, DATABASE_TLS_CA_FILE: file };
      expect(mistakesIn(environment)).toEqual([
        expect.stringMatching(
          /^DATABASE_TLS_CA_FILE names \S+, which (?:can't be read \(ENOENT\)|holds no certificate in PEM)\.$/,
        ),
      ]);
    },
  );

  it.each([
    ['postgres:', 'must be postgres://USER:PASSWORD@HOST:5432/DATABASE'],
    ['postgres://me:s3cret@/x', 'must name a host'],
    ['postgres://db/x', 'must name a user'],
    ['postgres://:s3cret@db/x', 'must name a user'],
    ['postgres://me:s3cret@db', 'must name a database'],
    ['postgres://me:s3cret@db/', 'must name a database'],
    ['postgres://me:s3cret@db:port/x', 'must be postgres://'],
    ['postgres://me:s3cret@db:65536/x', 'must be postgres://'],
    ['postgres://me:s3cret@one,two/x', 'must name one host'],
    ['postgres://me:s3cret@db/x?sslmode=prefer', 'must have an sslmode of disable, require, verify-ca'],
    ['postgres://me:s3cret@db/x?sslrootcert=ca.pem', 'must not have sslrootcert: set DATABASE_TLS_CA_FILE'],
    ['postgres://me:s3cret@db/x?sslmode=require&pool=3', 'must have no option but sslmode'],
    ['postgres://me:s3cret@db/x?sslmode=require&sslmode=disable', 'must have no option but sslmode'],
    // Passwords with characters that are not encoded.
    ['postgres://me:100%s3cret@db/x', 'has a % that is not followed by two hexadecimal digits'],
    ['postgres://me:12/s3cret@db/x', 'must be postgres://.*: write the characters'],
    ['postgres://me:12?s3cret@db/x', 'must be postgres://.*: write the characters'],
    ['postgres://me:12#s3cret@db/x', 'must be postgres://.*: write the characters'],
    ['postgres://me:12@s3cret@db/x', 'must be postgres://.*: write the characters'],
    ['postgres://me:12 s3cret@db/x', 'must be postgres://.*: write the characters'],
  ])('rejects %s without printing the password', (DATABASE_URL, expected) => {
    const mistakes = mistakesIn({ DATABASE_URL });
    expect(mistakes).toEqual([expect.stringMatching(new RegExp(`^DATABASE_URL ${expected}`))]);
    expect(mistakes.join()).not.toContain('s3cret');
    expect(mistakesIn({ DATABASE_URL: URL, DATABASE_LISTEN_URL: DATABASE_URL }).join()).toMatch(
      /^DATABASE_LISTEN_URL (?!.*s3cret).*; or it is off\.$/,
    );
  });

  it.each([
    ['DATABASE_POOL_SIZE', '0'],
    ['DATABASE_STATEMENT_TIMEOUT_MS', '0'],
    ['DATABASE_PREPARE', 'off'],
    ['DATABASE_LISTEN_URL', 'sqlite:x.db'],
    ['DATABASE_READ_ONLY', 'true'],
    ['MIGRATE_ON_START', 'no'],
  ])('rejects %s=%s', (name, value) => {
    expect(mistakesIn({ DATABASE_URL: URL, [name]: value })).toEqual([
      expect.stringMatching(`^${name} must `),
    ]);
  });

  it.each([
    ['DATABASE_POOL_SIZE', '8'],
    ['DATABASE_READ_ONLY', 'allowed'],
    ['MIGRATE_ON_START', 'true'],
  ])('rejects %s for a SQLite file, where it has no effect', (name, value) => {
    expect(mistakesIn({ [name]: value })).toEqual([expect.stringMatching(`^${name} is for PostgreSQL`)]);
    expect(() => readStoreConfig({ [name]: value })).toThrow(`${name} is for PostgreSQL`);
  });

  it('accepts variables of a SQLite file, so that they can stay set', () => {
    const left = { STORE_LOCK_TIMEOUT_MS: '10', STORE_WAL_CHECK: 'off' };
    expect(storeOf({ DATABASE_URL: URL, ...left })).toEqual(storeOf({ DATABASE_URL: URL }));
  });
});
