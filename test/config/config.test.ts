import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { configurationPage } from '../../scripts/configuration-page';
import { readConfig, readStoreConfig } from '../../src/config/config';
import { isLoopback } from '../../src/config/env-types';
import { mistakesIn } from '../support/config-mistakes';
import { useTemporaryFolder } from '../support/folder';
import { PROJECT } from '../support/server-process';

const mistakenVariables = (environment: Readonly<Record<string, string>>) =>
  mistakesIn(environment).map((mistake) => mistake.split(' ')[0]);

/** 32 bytes in base64. */
const ENCRYPTION_KEY = Buffer.alloc(32, 7).toString('base64');

describe('The configuration', () => {
  it('has a default for every variable', () => {
    expect(readConfig({})).toEqual({
      http: { host: '127.0.0.1', port: 4001, checkHostHeader: true, corsOrigins: [] },
      admin: { host: '127.0.0.1', port: 4003 },
      authentication: { router: undefined, user: undefined },
      console: { onGraphqlPort: true, listener: undefined, graphqlUrl: undefined, signIn: { kind: 'none' } },
      limits: {
        bodyBytes: 1_048_576,
        document: {
          tokens: 2_000,
          depth: 12,
          aliases: 30,
          directives: 20,
          representations: 1_000,
          cost: 10_000,
          repetitions: 100,
          validationErrors: 5,
        },
        inFlight: 256,
        subject: { requestsPerMinute: 6_000, costPerMinute: 1_000_000 },
      },
      subscriptions: {
        sockets: {
          maxSockets: 10_000,
          maxSocketsPerSubject: 100,
          maxSubscriptionsPerSocket: 100,
          maxMessageBytes: 65_536,
          initTimeoutMs: 3_000,
          pingMs: 50_000,
        },
        maxQueue: 64,
        callbacks: { urls: [], maxSubscriptions: 10_000 },
      },
      timing: {
        requestMs: 10_000,
        keepAliveMs: 65_000,
        executionMs: 10_000,
        shutdown: { delayMs: 0, graceMs: 10_000, signalRepeatMs: 1_000 },
      },
      proton: {
        kind: 'embedded',
        store: { kind: 'sqlite', location: './data/proton.db', lockTimeoutMs: 5_000, walCheck: true },
        controlPlane: { defaultRegion: 'us-east-1', defaultAccountId: '000000000000', connectionQuota: 1000 },
        awsServer: { host: '127.0.0.1', port: 4002, auth: { kind: 'none' } },
      },
      events: {
        webhooks: [],
        eventBridge: undefined,
        timeoutMs: 15_000,
        retryMinMs: 5_000,
        retryMaxMs: 3_600_000,
        leaseMs: 30_000,
        inFlight: 8,
        retentionMs: 604_800_000,
      },
      trustPolicies: { region: 'us-east-1', provisionerRole: null },
      production: false,
      logLevel: 'info',
    });
  });

  it('treats an empty variable as unset', () => {
    expect(readConfig({ PORT: '', HOST: '', DATABASE_URL: '' })).toEqual(readConfig({}));
  });

  it('reads every variable of a server', () => {
    const environment = {
      HOST: '::1',
      PORT: '0',
      ADMIN_PORT: '4009',
      DATABASE_URL: 'sqlite::memory:',
      AWS_REGION: 'us-gov-west-1',
      PROTON_DEFAULT_ACCOUNT_ID: '123456789012',
      PROTON_CONNECTION_QUOTA: '7',
      PROVISIONER_ROLE: 'ci/proton-provisioner',
      CORS_ORIGINS: 'https://studio.example.com, http://localhost:3000',
      LOG_LEVEL: 'debug',
      NODE_ENV: 'production',
      STORE_LOCK_TIMEOUT_MS: '1',
      STORE_WAL_CHECK: 'off',
    };
    expect(readConfig(environment)).toMatchObject({
      http: { host: '::1', port: 0, corsOrigins: ['https://studio.example.com', 'http://localhost:3000'] },
      admin: { host: '::1', port: 4009 },
      proton: {
        kind: 'embedded',
        store: { location: ':memory:', lockTimeoutMs: 1, walCheck: false },
        controlPlane: {
          defaultRegion: 'us-gov-west-1',
          defaultAccountId: '123456789012',
          connectionQuota: 7,
        },
        awsServer: { host: '::1', port: 4002, auth: { kind: 'none' } },
      },
      trustPolicies: { region: 'us-gov-west-1', provisionerRole: 'ci/proton-provisioner' },
      production: true,
      logLevel: 'debug',
    });
    expect(readConfig({ ADMIN_PORT: 'off' }).admin).toBeUndefined();
  });

  it('reads every limit and every timeout', () => {
    const { limits, timing } = readConfig({
      MAX_BODY_BYTES: '1024',
      MAX_TOKENS: '2',
      MAX_DEPTH: '3',
      MAX_ALIASES: '4',
      MAX_DIRECTIVES: '5',
      MAX_REPRESENTATIONS: '6',
      MAX_COST: '7',
      MAX_REPETITIONS: '8',
      MAX_VALIDATION_ERRORS: '9',
      MAX_IN_FLIGHT: '10',
      SUBJECT_REQUESTS_PER_MINUTE: '11',
      SUBJECT_COST_PER_MINUTE: '12',
      REQUEST_TIMEOUT_MS: '13',
      KEEP_ALIVE_TIMEOUT_MS: '14',
      EXECUTION_TIMEOUT_MS: '15',
      SHUTDOWN_DELAY_MS: '16',
      SHUTDOWN_GRACE_MS: '17',
      SHUTDOWN_SIGNAL_REPEAT_MS: '18',
    });
    expect(limits).toEqual({
      bodyBytes: 1024,
      document: {
        tokens: 2,
        depth: 3,
        aliases: 4,
        directives: 5,
        representations: 6,
        cost: 7,
        repetitions: 8,
        validationErrors: 9,
      },
      inFlight: 10,
      subject: { requestsPerMinute: 11, costPerMinute: 12 },
    });
    expect(timing).toEqual({
      requestMs: 13,
      keepAliveMs: 14,
      executionMs: 15,
      shutdown: { delayMs: 16, graceMs: 17, signalRepeatMs: 18 },
    });
  });

  it.each([
    ['MAX_BODY_BYTES', '1023'],
    ['MAX_DEPTH', '0'],
    ['MAX_COST', '1e4'],
    ['MAX_IN_FLIGHT', '0'],
    ['SUBJECT_REQUESTS_PER_MINUTE', '-1'],
    ['EXECUTION_TIMEOUT_MS', '0'],
    ['REQUEST_TIMEOUT_MS', '600001'],
    ['KEEP_ALIVE_TIMEOUT_MS', '3600001'],
    ['SHUTDOWN_DELAY_MS', '5s'],
    ['ADMIN_PORT', '65536'],
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'https://studio.example.com/'],
    ['CORS_ORIGINS', 'https://studio.example.com,null'],
  ])('rejects %s=%s', (name, value) => {
    expect(mistakenVariables({ [name]: value })).toEqual([name]);
  });

  it('is frozen', () => {
    const config = readConfig({});
    if (config.proton.kind !== 'embedded') throw new Error('the control plane is remote');
    for (const part of [config, config.http, config.proton, config.proton.store, config.proton.controlPlane])
      expect(Object.isFrozen(part)).toBe(true);
  });

  it('lists all mistakes at once, each with the name of its variable', () => {
    const mistakes = mistakenVariables({
      PORT: 'eighty',
      DATABASE_URL: 'mysql://localhost',
      AWS_REGION: 'mars',
      PROTON_DEFAULT_ACCOUNT_ID: '12',
      PROTON_CONNECTION_QUOTA: '0',
      PROTON_ENDPOINT_PORT: 'none',
      PROTON_ENDPOINT_HOST: 'a b',
      PROTON_ENDPOINT_AUTH: 'basic',
      ACCESS_KEY_ENCRYPTION_KEY: 'short',
      PROTON_TIMEOUT_MS: '0',
      PROTON_POLL_INTERVAL_MS: '99',
      PROVISIONER_ROLE: 'arn:aws:iam::111111111111:role/*',
      LOG_LEVEL: 'loud',
      NODE_ENV: 'staging',
      ALLOW_UNAUTHENTICATED: 'yes',
    });
    expect(mistakes).toEqual([
      'PORT',
      'LOG_LEVEL',
      'NODE_ENV',
      'ALLOW_UNAUTHENTICATED',
      'DATABASE_URL',
      'AWS_REGION',
      'PROTON_DEFAULT_ACCOUNT_ID',
      'PROTON_CONNECTION_QUOTA',
      'PROTON_ENDPOINT_PORT',
      'PROTON_ENDPOINT_HOST',
      'PROTON_ENDPOINT_AUTH',
      'ACCESS_KEY_ENCRYPTION_KEY',
      'PROTON_TIMEOUT_MS',
      'PROTON_POLL_INTERVAL_MS',
      'PROVISIONER_ROLE',
    ]);
  });

  it('lists an unauthenticated public address together with the other mistakes', () => {
    const mistaken = (environment: Readonly<Record<string, string>>) =>
      mistakenVariables({ PROTON_ENDPOINT_PORT: 'off', ...environment });
    expect(mistaken({ HOST: '0.0.0.0', ALLOW_UNAUTHENTICATED: 'yes' })).toEqual([
      'ALLOW_UNAUTHENTICATED',
      'HOST',
    ]);
    expect(mistaken({ HOST: '0.0.0.0', LOG_LEVEL: 'loud' })).toEqual(['LOG_LEVEL', 'HOST']);
    expect(mistaken({ HOST: 'a b' })).toEqual(['HOST']);
    expect(mistaken({ HOST: '0.0.0.0', PORT: 'x' })).toEqual(['PORT', 'HOST']);
  });

  it.each(['-1', '65536', '1e3', '4001.5', ' 4001', '0x10', '99999999999'])(
    'rejects %p as a port',
    (PORT) => {
      expect(mistakesIn({ PORT })).toHaveLength(1);
    },
  );

  it.each([
    'mysql://localhost/proton',
    'sqlite:',
    'sqlite: ',
    'sqlite:x.db ',
    'sqlite:x\ny.db',
    'proton.db',
    'sqlite',
  ])('rejects %p as a database', (DATABASE_URL) => {
    expect(mistakesIn({ DATABASE_URL })).toEqual([
      'DATABASE_URL must be sqlite:PATH or sqlite::memory:, without spaces around the path, or postgres://USER:PASSWORD@HOST/DATABASE.',
    ]);
  });

  it.each([
    ['sqlite:x.db?mode=rw', 'must not have a query (?mode=rw), .*: write sqlite:x.db.'],
    ['sqlite:?mode=rw', 'must not have a query (?mode=rw), .*: write sqlite:PATH.'],
    ['sqlite::memory:?cache=shared', 'must not have a query .*: write sqlite::memory:.'],
    ['sqlite:x.db?', 'must not have a query (?), .*: write sqlite:x.db.'],
    [
      'sqlite://data/x.db',
      'must not have // after sqlite:, .*: write sqlite:data/x.db or sqlite:/data/x.db.',
    ],
    ['sqlite:///data/x.db', 'must not have // after sqlite:, .*: write sqlite:/data/x.db.'],
    ['SQLITE://x.db', 'must not have // after sqlite:, .*: write sqlite:x.db or sqlite:/x.db.'],
    ['sqlite://', 'must not have // after sqlite:'],
    ['sqlite:x.db#main', 'must not have a fragment (#main): write sqlite:x.db'],
    ['sqlite:my%20store.db', 'must not be percent-encoded (%20), .*: write the character itself'],
    ['sqlite:%7E/x.db', 'must not be percent-encoded (%7E)'],
    ['sqlite::MEMORY:', 'must be sqlite::memory: or sqlite:PATH, not sqlite::MEMORY:'],
    ['sqlite::', 'must be sqlite::memory: or sqlite:PATH, not sqlite::'],
    ['sqlite:file:x.db', 'must not have file: after sqlite:'],
    ['sqlite:data/', 'must name a file, and data/ is a folder: .* sqlite:data/proton.db.'],
    ['sqlite:/', 'must name a file, and / is a folder: .* sqlite:/proton.db.'],
    ['sqlite:.', 'must name a file, and . is a folder: .* sqlite:./proton.db.'],
    ['sqlite:data/..', 'must name a file, and data/.. is a folder'],
    ['sqlite:~', 'must name a file, and ~ is a folder: .* sqlite:~/proton.db.'],
    ['sqlite:~/', 'must name a file, and ~/ is a folder: .* sqlite:~/proton.db.'],
    ['sqlite:~root/x.db', "must not name another user's home folder (~root): write the whole path"],
    ['sqlite://proton:secret@host/proton', 'must not have a URL, or an @ .*: write sqlite:PATH'],
    ['sqlite:proton:secret@host/proton', 'must not have a URL, or an @ .*: write sqlite:PATH'],
    ['sqlite:postgres://u:secret@host/proton', 'must not have a URL, or an @ .*: write sqlite:PATH'],
    ['sqlite:postgres://host/proton?password=secret', 'must not have a URL, or an @ .*: write sqlite:PATH'],
    ['sqlite://proton:12/secret@host/proton', 'must not have a URL, or an @ .*: write sqlite:PATH'],
    ['sqlite:///u:secret@host/proton', 'must not have a URL, or an @ .*: write sqlite:PATH'],
  ])('rejects %s as a database, and says why and what to write', (DATABASE_URL, expected) => {
    const pattern = expected.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('\\.\\*', '.*');
    const mistakes = mistakesIn({ DATABASE_URL });
    expect(mistakes).toEqual([expect.stringMatching(new RegExp(`^DATABASE_URL ${pattern}`))]);
    expect(mistakes.join()).not.toContain('secret');
  });

  it.each([
    ['sqlite:x.db', 'x.db'],
    ['SQLite:/data/x.db', '/data/x.db'],
    ['sqlite:data/a b 100%.db', 'data/a b 100%.db'],
    ['sqlite:~/x.db', join(homedir(), 'x.db')],
    ['sqlite:data/~x.db', 'data/~x.db'],
    ['sqlite:a/~/x.db', 'a/~/x.db'],
    ['sqlite:./a@b.db', './a@b.db'],
    ['sqlite:/a@b/x.db', '/a@b/x.db'],
    ['sqlite::memory:', ':memory:'],
  ])('reads %s as the database %s', (DATABASE_URL, location) => {
    expect(readConfig({ DATABASE_URL }).proton).toMatchObject({ store: { location } });
    expect(readStoreConfig({ DATABASE_URL })).toMatchObject({ kind: 'sqlite', location });
  });

  it.each([
    '0.0.0.0',
    '::',
    '192.168.1.10',
    '127.0.0.1.example.com',
    'example.com',
    '128.0.0.1',
    '127.999.1.1',
  ])('allows %s without authentication only with ALLOW_UNAUTHENTICATED', (HOST) => {
    const open = { HOST, PROTON_ENDPOINT_PORT: 'off' };
    expect(mistakesIn(open)).toEqual([expect.stringContaining('ALLOW_UNAUTHENTICATED=true')]);
    expect(mistakesIn({ ...open, ALLOW_UNAUTHENTICATED: 'false' })).toHaveLength(1);
    expect(readConfig({ ...open, ALLOW_UNAUTHENTICATED: 'true' }).http.host).toBe(HOST);
  });

  it.each(['127.0.0.1', '127.8.9.10', 'localhost', '::1'])('recognises %s as a loopback address', (host) => {
    expect(isLoopback(host)).toBe(true);
    expect(readConfig({ HOST: host }).http.host).toBe(host);
  });

  describe('of authentication', () => {
    const folder = useTemporaryFolder();
    const pem = (name: string, key: KeyObject) => {
      const path = folder.path(name);
      const type = key.type === 'private' ? 'pkcs8' : 'spki';
      writeFileSync(path, key.export({ type, format: 'pem' }));
      return path;
    };
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const issuer = { AUTH_JWT_ISSUER: 'https://id.example.com', AUTH_JWT_AUDIENCE: 'supergraph' };
    const jwks = { ...issuer, AUTH_JWKS_URL: 'https://id.example.com/jwks.json' };

    it('is off by default', () => {
      expect(readConfig({}).authentication).toEqual({ router: undefined, user: undefined });
    });

    it('accepts several router secrets, and rejects an empty one', () => {
      const { router } = readConfig({ ROUTER_SECRET: 'old one, new' }).authentication;
      expect(router).toEqual({ kind: 'secret', secrets: ['old one', 'new'] });
      for (const incomplete of ['', ' ', ',', 'old,', ',new', 'old,,new'])
        expect(mistakenVariables({ ROUTER_SECRET: incomplete })).toEqual(['ROUTER_SECRET']);
    });

    it('never prints a secret', () => {
      expect(mistakesIn({ ROUTER_SECRET: 'hush,,hush2', ALLOW_UNAUTHENTICATED: 'true' }).join()).not.toMatch(
        /hush/,
      );
    });

    it('accepts access keys for the router, which need the store and its encryption key', () => {
      const keys = {
        ROUTER_ACCESS_KEY_IDS: 'PSKAAAAAAAAAAAAAAAAA, PSKBBBBBBBBBBBBBBBBB',
        ACCESS_KEY_ENCRYPTION_KEY: ENCRYPTION_KEY,
      };
      expect(readConfig(keys).authentication.router).toMatchObject({
        kind: 'sigv4',
        accessKeyIds: ['PSKAAAAAAAAAAAAAAAAA', 'PSKBBBBBBBBBBBBBBBBB'],
      });
      expect(mistakenVariables({ ...keys, ACCESS_KEY_ENCRYPTION_KEY: '' })).toEqual([
        'ROUTER_ACCESS_KEY_IDS',
      ]);
      expect(mistakenVariables({ ...keys, ROUTER_SECRET: 'word' })).toEqual(['ROUTER_ACCESS_KEY_IDS']);
      for (const incomplete of ['', 'PSKAAAAAAAAAAAAAAAAA,']) {
        expect(mistakenVariables({ ...keys, ROUTER_ACCESS_KEY_IDS: incomplete })).toEqual([
          'ROUTER_ACCESS_KEY_IDS',
        ]);
      }
      const remote = { PROTON_UPSTREAM: 'aws', PROTON_ACCOUNTS: '111111111111' };
      expect(mistakenVariables({ ...keys, ...remote })).toContain('ROUTER_ACCESS_KEY_IDS');
    });

    it('needs an issuer, an audience and a source of keys together', () => {
      expect(readConfig(jwks).authentication.user).toEqual({
        issuer: 'https://id.example.com',
        audience: 'supergraph',
        keys: { kind: 'jwks', url: 'https://id.example.com/jwks.json', refetchMs: 30_000, retryMs: 5_000 },
        accountsClaim: 'aws_accounts',
        clockSkewMs: 60_000,
        maxBytes: 8_192,
      });
      const file = pem('ed25519.pem', publicKey);
      const { user } = readConfig({ ...issuer, AUTH_JWT_PUBLIC_KEY_FILE: file }).authentication;
      expect(user?.keys.kind === 'file' && user.keys.key.equals(publicKey)).toBe(true);
    });

    it('rejects an incomplete set, and names what is missing', () => {
      const { AUTH_JWT_ISSUER, AUTH_JWT_AUDIENCE, AUTH_JWKS_URL } = jwks;
      expect(mistakenVariables({ AUTH_JWT_ISSUER, AUTH_JWT_AUDIENCE })).toEqual(['AUTH_JWKS_URL']);
      expect(mistakenVariables({ AUTH_JWT_ISSUER, AUTH_JWKS_URL })).toEqual(['AUTH_JWT_AUDIENCE']);
      expect(mistakenVariables({ AUTH_JWT_AUDIENCE, AUTH_JWKS_URL })).toEqual(['AUTH_JWT_ISSUER']);
      expect(mistakenVariables({ AUTH_JWKS_URL })).toEqual(['AUTH_JWT_ISSUER', 'AUTH_JWT_AUDIENCE']);
      expect(mistakenVariables({ AUTH_ACCOUNTS_CLAIM: 'accounts' })).toEqual(['AUTH_ACCOUNTS_CLAIM']);
      const file = pem('second.pem', publicKey);
      expect(mistakenVariables({ ...jwks, AUTH_JWT_PUBLIC_KEY_FILE: file })).toEqual(['AUTH_JWKS_URL']);
    });

    it.each([
      'http://id.example.com/jwks.json',
      'ftp://127.0.0.1/jwks.json',
      'https://user:word@id.example.com/jwks.json',
      '//user:word@id.example.com/jwks.json',
      'id.example.com',
    ])('rejects %s as a key set URL, and does not print its password', (url) => {
      expect(mistakenVariables({ ...jwks, AUTH_JWKS_URL: url })).toEqual(['AUTH_JWKS_URL']);
      expect(mistakesIn({ ...jwks, AUTH_JWKS_URL: url }).join()).not.toContain('word');
    });

    it.each(['http://127.0.0.1:9000/keys', 'http://localhost/keys', 'http://[::1]:9000/keys'])(
      'accepts %s, because it is on loopback',
      (url) => {
        expect(mistakenVariables({ ...jwks, AUTH_JWKS_URL: url })).toEqual([]);
      },
    );

    it('rejects a file without a suitable public key, and names it', () => {
      const files = [
        folder.path('missing.pem'),
        pem('private.pem', privateKey),
        pem('weak.pem', generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey),
        pem('curve.pem', generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).publicKey),
        pem('x25519.pem', generateKeyPairSync('x25519').publicKey),
        join(PROJECT, 'README.md'),
      ];
      for (const file of files) {
        const [mistake, ...others] = mistakesIn({ ...issuer, AUTH_JWT_PUBLIC_KEY_FILE: file });
        expect(mistake).toMatch(/^AUTH_JWT_PUBLIC_KEY_FILE names /);
        expect(mistake).toContain(file);
        expect(others).toEqual([]);
      }
    });

    it('allows any address when requests are authenticated, and excludes ALLOW_UNAUTHENTICATED', () => {
      const anywhere = { HOST: '0.0.0.0', PROTON_ENDPOINT_PORT: 'off' };
      expect(mistakenVariables(anywhere)).toEqual(['HOST']);
      const keys = {
        ROUTER_ACCESS_KEY_IDS: 'PSKAAAAAAAAAAAAAAAAA',
        ACCESS_KEY_ENCRYPTION_KEY: ENCRYPTION_KEY,
      };
      expect(mistakenVariables({ ...anywhere, ...keys })).toEqual([]);
      expect(mistakenVariables({ ...keys, ALLOW_UNAUTHENTICATED: 'true' })).toEqual([
        'ALLOW_UNAUTHENTICATED',
      ]);
      expect(readConfig(keys).http.checkHostHeader).toBe(false);
      for (const proof of [{ ROUTER_SECRET: 'word' }, jwks]) {
        expect(mistakenVariables({ ...anywhere, ...proof })).toEqual([]);
        expect(mistakenVariables({ ...proof, ALLOW_UNAUTHENTICATED: 'true' })).toEqual([
          'ALLOW_UNAUTHENTICATED',
        ]);
        expect(readConfig(proof).proton).toMatchObject({ controlPlane: { defaultAccountId: undefined } });
        const remote = { ...proof, PROTON_UPSTREAM: 'aws', PROTON_ACCOUNTS: '111111111111' };
        expect(readConfig(remote).proton).toMatchObject({ defaultAccountId: undefined });
        const named = { ...proof, PROTON_DEFAULT_ACCOUNT_ID: '111111111111' };
        expect(readConfig(named).proton).toMatchObject({
          controlPlane: { defaultAccountId: '111111111111' },
        });
      }
    });

    it('turns the check of the Host header off, except on loopback without authentication', () => {
      expect(readConfig({}).http.checkHostHeader).toBe(true);
      for (const environment of [{ ALLOW_UNAUTHENTICATED: 'true' }, { ROUTER_SECRET: 'word' }, jwks])
        expect(readConfig(environment).http.checkHostHeader).toBe(false);
    });
  });

  describe('of the server for AWS clients', () => {
    const endpointOf = (environment: Readonly<Record<string, string>>) => {
      const { proton } = readConfig(environment);
      return proton.kind === 'embedded' ? proton.awsServer : undefined;
    };

    it('follows HOST, and may skip signatures on loopback only', () => {
      expect(endpointOf({})).toEqual({ host: '127.0.0.1', port: 4002, auth: { kind: 'none' } });
      expect(endpointOf({ HOST: 'localhost' })?.host).toBe('localhost');
      expect(endpointOf({ HOST: 'localhost', PROTON_ENDPOINT_HOST: '::1' })?.host).toBe('::1');
      expect(endpointOf({ PROTON_ENDPOINT_PORT: 'off', PROTON_ENDPOINT_AUTH: 'sigv4' })).toBeUndefined();
      const open = { PROTON_ENDPOINT_HOST: '0.0.0.0', ACCESS_KEY_ENCRYPTION_KEY: ENCRYPTION_KEY };
      expect(endpointOf(open)).toMatchObject({ host: '0.0.0.0', auth: { kind: 'sigv4' } });
      expect(mistakenVariables({ ...open, PROTON_ENDPOINT_AUTH: 'none' })).toEqual(['PROTON_ENDPOINT_AUTH']);
    });

    it('needs its own port', () => {
      expect(mistakenVariables({ PORT: '4001', PROTON_ENDPOINT_PORT: '4001' })).toEqual([
        'PROTON_ENDPOINT_PORT',
      ]);
      expect(mistakenVariables({ PORT: '0', PROTON_ENDPOINT_PORT: '0' })).toEqual([]);
      // PORT is the default of another port.
      expect(mistakenVariables({ PORT: '4002' })).toEqual(['PROTON_ENDPOINT_PORT']);
      expect(mistakenVariables({ PORT: '4003' })).toEqual(['ADMIN_PORT']);
      expect(mistakenVariables({ PORT: '4003', ADMIN_PORT: 'off' })).toEqual([]);
    });

    it('needs an encryption key of 32 bytes in base64 for signatures', () => {
      const signed = { PROTON_ENDPOINT_AUTH: 'sigv4' };
      expect(mistakenVariables(signed)).toEqual(['ACCESS_KEY_ENCRYPTION_KEY']);
      expect(mistakenVariables({ PROTON_ENDPOINT_HOST: '0.0.0.0' })).toEqual(['ACCESS_KEY_ENCRYPTION_KEY']);
      const auth = endpointOf({ ...signed, ACCESS_KEY_ENCRYPTION_KEY: ENCRYPTION_KEY })?.auth;
      expect(auth?.kind === 'sigv4' && auth.encryptionKey.export()).toEqual(Buffer.alloc(32, 7));
      for (const wrong of [31, 33, 16].map((bytes) => Buffer.alloc(bytes).toString('base64'))) {
        const [mistake = ''] = mistakesIn({ ACCESS_KEY_ENCRYPTION_KEY: wrong });
        expect(mistake).toMatch(/^ACCESS_KEY_ENCRYPTION_KEY must be 32 bytes in base64/);
        expect(mistake).not.toContain(wrong);
      }
    });
  });

  describe('of a remote Proton endpoint', () => {
    const remote = { PROTON_UPSTREAM: 'https://proton.example.com', PROTON_ACCOUNTS: '111111111111' };
    const ROLE_TEMPLATE = 'arn:aws:iam::{accountId}:role/proton-subgraph';

    it('needs an endpoint and an account', () => {
      expect(readConfig(remote).proton).toEqual({
        kind: 'sdk',
        endpointUrl: 'https://proton.example.com',
        accounts: ['111111111111'],
        regions: ['us-east-1'],
        defaultRegion: 'us-east-1',
        defaultAccountId: '111111111111',
        credentials: { kind: 'default-chain' },
        timeoutMs: 5000,
        pollIntervalMs: 5000,
      });
      expect(mistakenVariables({ PROTON_UPSTREAM: 'aws' })).toEqual(['PROTON_ACCOUNTS']);
      expect(mistakenVariables({ PROTON_UPSTREAM: 'aws', PROTON_ACCOUNTS: '1,2' })).toEqual([
        'PROTON_ACCOUNTS',
        'PROTON_ACCOUNTS',
        'PROTON_ACCOUNTS',
      ]);
    });

    it('reads every variable', () => {
      const environment = {
        PROTON_UPSTREAM: 'aws',
        PROTON_ACCOUNTS: '111111111111, 222222222222,111111111111',
        PROTON_REGIONS: 'eu-central-1,us-gov-west-1',
        PROTON_DEFAULT_ACCOUNT_ID: '222222222222',
        AWS_ACCOUNT_ROLE_ARN_TEMPLATE: ROLE_TEMPLATE,
        PROTON_TIMEOUT_MS: '700',
        PROTON_POLL_INTERVAL_MS: '800',
      };
      expect(readConfig(environment).proton).toEqual({
        kind: 'sdk',
        endpointUrl: undefined,
        accounts: ['111111111111', '222222222222'],
        regions: ['eu-central-1', 'us-gov-west-1'],
        defaultRegion: 'eu-central-1',
        defaultAccountId: '222222222222',
        credentials: { kind: 'role', arnTemplate: ROLE_TEMPLATE },
        timeoutMs: 700,
        pollIntervalMs: 800,
      });
      const profiles = {
        ...remote,
        PROTON_ACCOUNTS: '111111111111,222222222222',
        AWS_ACCOUNT_PROFILE_TEMPLATE: 'proton-{accountId}',
      };
      expect(readConfig(profiles).proton).toMatchObject({
        credentials: { kind: 'profile', nameTemplate: 'proton-{accountId}' },
        defaultAccountId: undefined,
      });
    });

    it('needs credentials for each of several accounts', () => {
      expect(mistakenVariables({ ...remote, PROTON_ACCOUNTS: '111111111111,222222222222' })).toEqual([
        'PROTON_ACCOUNTS',
      ]);
    });

    it.each([
      [{ PROTON_UPSTREAM: 'proton.example.com' }, 'PROTON_UPSTREAM'],
      [{ PROTON_UPSTREAM: 'https://proton.example.com/path' }, 'PROTON_UPSTREAM'],
      [{ PROTON_UPSTREAM: 'https://user:word@proton.example.com' }, 'PROTON_UPSTREAM'],
      [{ PROTON_UPSTREAM: 'ftp://proton.example.com' }, 'PROTON_UPSTREAM'],
      [{ PROTON_REGIONS: 'us-east-1,mars' }, 'PROTON_REGIONS'],
      [{ PROTON_REGIONS: 'us-east-1', AWS_REGION: 'eu-west-1' }, 'AWS_REGION'],
      [{ PROTON_DEFAULT_ACCOUNT_ID: '333333333333' }, 'PROTON_DEFAULT_ACCOUNT_ID'],
      [
        { AWS_ACCOUNT_ROLE_ARN_TEMPLATE: 'arn:aws:iam::111111111111:role/x' },
        'AWS_ACCOUNT_ROLE_ARN_TEMPLATE',
      ],
      [{ AWS_ACCOUNT_ROLE_ARN_TEMPLATE: '{accountId}' }, 'AWS_ACCOUNT_ROLE_ARN_TEMPLATE'],
      [{ AWS_ACCOUNT_PROFILE_TEMPLATE: 'default' }, 'AWS_ACCOUNT_PROFILE_TEMPLATE'],
      [
        { AWS_ACCOUNT_PROFILE_TEMPLATE: '{accountId}', AWS_ACCOUNT_ROLE_ARN_TEMPLATE: ROLE_TEMPLATE },
        'AWS_ACCOUNT_PROFILE_TEMPLATE',
      ],
      [{ DATABASE_URL: 'sqlite:x' }, 'DATABASE_URL'],
      [{ DATABASE_POOL_SIZE: '4' }, 'DATABASE_POOL_SIZE'],
      [{ PROTON_ENDPOINT_PORT: '4002' }, 'PROTON_ENDPOINT_PORT'],
    ])('rejects %j together with it', (environment, variable) => {
      expect(mistakenVariables({ ...remote, ...environment })).toEqual([variable]);
    });

    it.each(['PROTON_ACCOUNTS', 'PROTON_REGIONS', 'AWS_ACCOUNT_ROLE_ARN_TEMPLATE'])(
      'is required by %s',
      (variable) => {
        const { [variable]: value } = {
          PROTON_ACCOUNTS: '111111111111',
          PROTON_REGIONS: 'us-east-1',
          AWS_ACCOUNT_ROLE_ARN_TEMPLATE: ROLE_TEMPLATE,
        } as Record<string, string>;
        expect(mistakesIn({ [variable]: value ?? '' })).toEqual([expect.stringContaining('PROTON_UPSTREAM')]);
      },
    );
  });

  it('is described by the reference page, which `npm run docs` keeps current', () => {
    const page = readFileSync(join(PROJECT, 'docs', 'reference', 'configuration.md'), 'utf8');
    // Prettier pads the columns of tables.
    const unpadded = (text: string) => text.replace(/ {2,}/g, ' ').replace(/-{4,}/g, '---').trim();
    expect(unpadded(page)).toBe(unpadded(configurationPage()));
    for (const row of page.matchAll(/^\| `[A-Z_]+` .*$/gm)) expect(row[0]).toMatch(/\| \S[^|]*\. +\|$/);
    const rows = new Map(
      [...page.matchAll(/^\| `([A-Z_]+)` +\| ([^|]+?) +\|/gm)].map(([, name, byDefault]) => [
        name,
        byDefault,
      ]),
    );
    expect(Object.fromEntries(rows)).toEqual({
      HOST: '`127.0.0.1`',
      PORT: '`4001`',
      DATABASE_URL: '`sqlite:./data/proton.db`',
      CONSOLE: '`auto`',
      CONSOLE_PORT: 'none',
      CONSOLE_HOST: '`HOST`',
      CONSOLE_GRAPHQL_URL: '`/graphql` on `PORT`',
      CONSOLE_OIDC_CLIENT_ID: 'none',
      CONSOLE_OIDC_ISSUER: '`AUTH_JWT_ISSUER`',
      CONSOLE_OIDC_SCOPE: '`openid`',
      CONSOLE_OIDC_AUDIENCE: 'none',
      CONSOLE_OIDC_ORIGINS: 'none',
      AWS_REGION: '`us-east-1`',
      PROTON_DEFAULT_ACCOUNT_ID: '`000000000000`',
      PROTON_CONNECTION_QUOTA: '`1000`',
      PROTON_ENDPOINT_PORT: '`4002`',
      PROTON_ENDPOINT_HOST: '`HOST`',
      PROTON_ENDPOINT_AUTH: '`none` on loopback, else `sigv4`',
      ACCESS_KEY_ENCRYPTION_KEY: 'none',
      EVENTS_WEBHOOK_URL: 'none',
      EVENTS_WEBHOOK_SECRET: 'none',
      EVENTS_EVENTBRIDGE_BUS: 'none',
      EVENTS_EVENTBRIDGE_SOURCE: '`proton-subgraph`',
      EVENTS_TIMEOUT_MS: '`15000`',
      EVENTS_RETRY_MIN_MS: '`5000`',
      EVENTS_RETRY_MAX_MS: '`3600000`',
      EVENTS_LEASE_MS: '`30000`',
      EVENTS_IN_FLIGHT: '`8`',
      EVENTS_RETENTION_MS: '`604800000`',
      PROTON_UPSTREAM: 'none',
      PROTON_ACCOUNTS: 'none',
      PROTON_REGIONS: '`AWS_REGION`',
      AWS_ACCOUNT_ROLE_ARN_TEMPLATE: 'none',
      AWS_ACCOUNT_PROFILE_TEMPLATE: 'none',
      PROTON_TIMEOUT_MS: '`5000`',
      PROTON_POLL_INTERVAL_MS: '`5000`',
      LOG_LEVEL: '`info`',
      NODE_ENV: '`development`',
      ALLOW_UNAUTHENTICATED: '`false`',
      ADMIN_PORT: '`4003`',
      CORS_ORIGINS: 'none',
      ROUTER_SECRET: 'none',
      ROUTER_ACCESS_KEY_IDS: 'none',
      AUTH_JWT_ISSUER: 'none',
      AUTH_JWT_AUDIENCE: 'none',
      AUTH_JWKS_URL: 'none',
      AUTH_JWT_PUBLIC_KEY_FILE: 'none',
      AUTH_ACCOUNTS_CLAIM: '`aws_accounts`',
      AUTH_JWT_CLOCK_SKEW_MS: '`60000`',
      AUTH_JWT_MAX_BYTES: '`8192`',
      AUTH_JWKS_REFETCH_MS: '`30000`',
      AUTH_JWKS_RETRY_MS: '`5000`',
      PROVISIONER_ROLE: 'none',
      MAX_BODY_BYTES: '`1048576`',
      MAX_TOKENS: '`2000`',
      MAX_DEPTH: '`12`',
      MAX_ALIASES: '`30`',
      MAX_DIRECTIVES: '`20`',
      MAX_REPETITIONS: '`100`',
      MAX_REPRESENTATIONS: '`1000`',
      MAX_COST: '`10000`',
      MAX_VALIDATION_ERRORS: '`5`',
      MAX_IN_FLIGHT: '`256`',
      SUBJECT_REQUESTS_PER_MINUTE: '`6000`',
      SUBJECT_COST_PER_MINUTE: '`1000000`',
      MAX_SOCKETS: '`10000`',
      MAX_SOCKETS_PER_SUBJECT: '`100`',
      MAX_SUBSCRIPTIONS_PER_SOCKET: '`100`',
      MAX_SUBSCRIPTION_QUEUE: '`64`',
      MAX_SOCKET_MESSAGE_BYTES: '`65536`',
      SOCKET_INIT_TIMEOUT_MS: '`3000`',
      SOCKET_PING_MS: '`50000`',
      MAX_CALLBACK_SUBSCRIPTIONS: '`10000`',
      SUBSCRIPTION_CALLBACK_URLS: 'none',
      REQUEST_TIMEOUT_MS: '`10000`',
      KEEP_ALIVE_TIMEOUT_MS: '`65000`',
      EXECUTION_TIMEOUT_MS: '`10000`',
      DATABASE_POOL_SIZE: '`8`',
      DATABASE_STATEMENT_TIMEOUT_MS: '`1500`',
      DATABASE_TLS_CA_FILE: 'none',
      DATABASE_PREPARE: '`true`',
      DATABASE_LISTEN_URL: '`DATABASE_URL`',
      DATABASE_READ_ONLY: '`refused`',
      MIGRATE_ON_START: '`true`',
      STORE_LOCK_TIMEOUT_MS: '`5000`',
      STORE_WAL_CHECK: '`on`',
      SHUTDOWN_DELAY_MS: '`0`',
      SHUTDOWN_GRACE_MS: '`10000`',
      SHUTDOWN_SIGNAL_REPEAT_MS: '`1000`',
    });
  });
});
