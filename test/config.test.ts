import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ConfigError, readConfig } from '../src/config';
import { isLoopback } from '../src/settings/variables';
import { PROJECT } from './support/server-process';

function mistakesIn(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
}

const mistakenVariables = (environment: Readonly<Record<string, string>>) =>
  mistakesIn(environment).map((mistake) => mistake.split(' ')[0]);

/** 32 bytes in base64. */
const ENCRYPTION_KEY = Buffer.alloc(32, 7).toString('base64');

describe('The configuration', () => {
  it('needs nothing to be set', () => {
    expect(readConfig({})).toEqual({
      http: { host: '127.0.0.1', port: 4001 },
      proton: {
        kind: 'embedded',
        store: { location: './data/proton.db' },
        controlPlane: { defaultRegion: 'us-east-1', defaultAccountId: '000000000000', connectionQuota: 1000 },
        endpoint: { host: '127.0.0.1', port: 4002, auth: { kind: 'none' } },
      },
      production: false,
      logLevel: 'info',
    });
  });

  it('takes a variable that is set to nothing for one that is not set', () => {
    expect(readConfig({ PORT: '', HOST: '', DATABASE_URL: '' })).toEqual(readConfig({}));
  });

  it('reads every variable', () => {
    const environment = {
      HOST: '::1',
      PORT: '0',
      DATABASE_URL: 'sqlite::memory:',
      AWS_REGION: 'us-gov-west-1',
      PROTON_DEFAULT_ACCOUNT_ID: '123456789012',
      PROTON_CONNECTION_QUOTA: '7',
      LOG_LEVEL: 'debug',
      NODE_ENV: 'production',
    };
    expect(readConfig(environment)).toEqual({
      http: { host: '::1', port: 0 },
      proton: {
        kind: 'embedded',
        store: { location: ':memory:' },
        controlPlane: {
          defaultRegion: 'us-gov-west-1',
          defaultAccountId: '123456789012',
          connectionQuota: 7,
        },
        endpoint: { host: '::1', port: 4002, auth: { kind: 'none' } },
      },
      production: true,
      logLevel: 'debug',
    });
  });

  it('can’t be changed once it is read', () => {
    const config = readConfig({});
    if (config.proton.kind !== 'embedded') throw new Error('the control plane is elsewhere');
    for (const part of [config, config.http, config.proton, config.proton.store, config.proton.controlPlane])
      expect(Object.isFrozen(part)).toBe(true);
  });

  it('lists all mistakes at once, each by the name of its variable', () => {
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
      LOG_LEVEL: 'loud',
      NODE_ENV: 'staging',
      ALLOW_UNAUTHENTICATED: 'yes',
    });
    expect(mistakes).toEqual([
      'PORT',
      'DATABASE_URL',
      'AWS_REGION',
      'PROTON_DEFAULT_ACCOUNT_ID',
      'PROTON_CONNECTION_QUOTA',
      'PROTON_ENDPOINT_PORT',
      'PROTON_ENDPOINT_HOST',
      'PROTON_ENDPOINT_AUTH',
      'ACCESS_KEY_ENCRYPTION_KEY',
      'PROTON_TIMEOUT_MS',
      'LOG_LEVEL',
      'NODE_ENV',
      'ALLOW_UNAUTHENTICATED',
    ]);
  });

  it('lists the refusal of an open address along with the other mistakes', () => {
    const named = (environment: Readonly<Record<string, string>>) =>
      mistakenVariables({ PROTON_ENDPOINT_PORT: 'off', ...environment });
    expect(named({ HOST: '0.0.0.0', ALLOW_UNAUTHENTICATED: 'yes' })).toEqual([
      'ALLOW_UNAUTHENTICATED',
      'HOST',
    ]);
    expect(named({ HOST: '0.0.0.0', LOG_LEVEL: 'loud' })).toEqual(['LOG_LEVEL', 'HOST']);
    expect(named({ HOST: 'a b' })).toEqual(['HOST']);
    expect(named({ HOST: '0.0.0.0', PORT: 'x' })).toEqual(['PORT', 'HOST']);
  });

  it.each(['-1', '65536', '1e3', '4001.5', ' 4001', '0x10', '99999999999'])(
    'refuses %p as a port',
    (PORT) => {
      expect(mistakesIn({ PORT })).toHaveLength(1);
    },
  );

  it.each(['postgres://localhost/proton', 'sqlite:', 'sqlite: ', 'sqlite:x.db ', 'proton.db', 'sqlite'])(
    'refuses %p as a database',
    (DATABASE_URL) => {
      expect(mistakesIn({ DATABASE_URL })).toHaveLength(1);
    },
  );

  it.each([
    '0.0.0.0',
    '::',
    '192.168.1.10',
    '127.0.0.1.example.com',
    'example.com',
    '128.0.0.1',
    '127.999.1.1',
  ])('refuses to listen on %s, unless told to in so many words', (HOST) => {
    const open = { HOST, PROTON_ENDPOINT_PORT: 'off' };
    expect(mistakesIn(open)).toEqual([expect.stringContaining('ALLOW_UNAUTHENTICATED=true')]);
    expect(mistakesIn({ ...open, ALLOW_UNAUTHENTICATED: 'false' })).toHaveLength(1);
    expect(readConfig({ ...open, ALLOW_UNAUTHENTICATED: 'true' }).http.host).toBe(HOST);
  });

  it.each(['127.0.0.1', '127.8.9.10', 'localhost', '::1'])(
    'knows %s for an address of this machine alone',
    (host) => {
      expect(isLoopback(host)).toBe(true);
      expect(readConfig({ HOST: host }).http.host).toBe(host);
    },
  );

  describe('of the endpoint for AWS clients', () => {
    const endpointOf = (environment: Readonly<Record<string, string>>) => {
      const { proton } = readConfig(environment);
      return proton.kind === 'embedded' ? proton.endpoint : undefined;
    };

    it('follows HOST, and believes callers on loopback alone', () => {
      expect(endpointOf({})).toEqual({ host: '127.0.0.1', port: 4002, auth: { kind: 'none' } });
      expect(endpointOf({ HOST: 'localhost' })?.host).toBe('localhost');
      expect(endpointOf({ HOST: 'localhost', PROTON_ENDPOINT_HOST: '::1' })?.host).toBe('::1');
      expect(endpointOf({ PROTON_ENDPOINT_PORT: 'off', PROTON_ENDPOINT_AUTH: 'sigv4' })).toBeUndefined();
      const open = { PROTON_ENDPOINT_HOST: '0.0.0.0', ACCESS_KEY_ENCRYPTION_KEY: ENCRYPTION_KEY };
      expect(endpointOf(open)).toMatchObject({ host: '0.0.0.0', auth: { kind: 'sigv4' } });
      expect(mistakenVariables({ ...open, PROTON_ENDPOINT_AUTH: 'none' })).toEqual(['PROTON_ENDPOINT_AUTH']);
    });

    it('has a port of its own', () => {
      expect(mistakenVariables({ PORT: '4001', PROTON_ENDPOINT_PORT: '4001' })).toEqual([
        'PROTON_ENDPOINT_PORT',
      ]);
      expect(mistakenVariables({ PORT: '0', PROTON_ENDPOINT_PORT: '0' })).toEqual([]);
      // Its default meets a PORT that was set.
      expect(mistakenVariables({ PORT: '4002' })).toEqual(['PROTON_ENDPOINT_PORT']);
    });

    it('takes an encryption key of 32 bytes in base64, and says so where signatures need one', () => {
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

  describe('of a Proton endpoint elsewhere', () => {
    const elsewhere = { PROTON_ENDPOINT: 'https://proton.example.com', PROTON_ACCOUNTS: '111111111111' };
    const ROLE_TEMPLATE = 'arn:aws:iam::{accountId}:role/proton-subgraph';

    it('needs an endpoint and an account', () => {
      expect(readConfig(elsewhere).proton).toEqual({
        kind: 'sdk',
        endpointUrl: 'https://proton.example.com',
        accounts: ['111111111111'],
        regions: ['us-east-1'],
        defaultRegion: 'us-east-1',
        defaultAccountId: '111111111111',
        credentials: { kind: 'default-chain' },
        timeoutMs: 5000,
      });
      expect(mistakenVariables({ PROTON_ENDPOINT: 'aws' })).toEqual(['PROTON_ACCOUNTS']);
      expect(mistakenVariables({ PROTON_ENDPOINT: 'aws', PROTON_ACCOUNTS: '1,2' })).toEqual([
        'PROTON_ACCOUNTS',
        'PROTON_ACCOUNTS',
        'PROTON_ACCOUNTS',
      ]);
    });

    it('reads every variable', () => {
      const environment = {
        PROTON_ENDPOINT: 'aws',
        PROTON_ACCOUNTS: '111111111111, 222222222222,111111111111',
        PROTON_REGIONS: 'eu-central-1,us-gov-west-1',
        PROTON_DEFAULT_ACCOUNT_ID: '222222222222',
        AWS_ACCOUNT_ROLE_ARN_TEMPLATE: ROLE_TEMPLATE,
        PROTON_TIMEOUT_MS: '700',
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
      });
      const profiles = {
        ...elsewhere,
        PROTON_ACCOUNTS: '111111111111,222222222222',
        AWS_ACCOUNT_PROFILE_TEMPLATE: 'proton-{accountId}',
      };
      expect(readConfig(profiles).proton).toMatchObject({
        credentials: { kind: 'profile', nameTemplate: 'proton-{accountId}' },
        defaultAccountId: undefined,
      });
    });

    it('needs credentials for each of several accounts', () => {
      expect(mistakenVariables({ ...elsewhere, PROTON_ACCOUNTS: '111111111111,222222222222' })).toEqual([
        'PROTON_ACCOUNTS',
      ]);
    });

    it.each([
      [{ PROTON_ENDPOINT: 'proton.example.com' }, 'PROTON_ENDPOINT'],
      [{ PROTON_ENDPOINT: 'https://proton.example.com/path' }, 'PROTON_ENDPOINT'],
      [{ PROTON_ENDPOINT: 'https://user:word@proton.example.com' }, 'PROTON_ENDPOINT'],
      [{ PROTON_ENDPOINT: 'ftp://proton.example.com' }, 'PROTON_ENDPOINT'],
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
      [{ PROTON_ENDPOINT_PORT: '4002' }, 'PROTON_ENDPOINT_PORT'],
    ])('refuses %j beside it', (environment, variable) => {
      expect(mistakenVariables({ ...elsewhere, ...environment })).toEqual([variable]);
    });

    it.each(['PROTON_ACCOUNTS', 'PROTON_REGIONS', 'AWS_ACCOUNT_ROLE_ARN_TEMPLATE'])(
      'is needed for %s',
      (variable) => {
        const { [variable]: value } = {
          PROTON_ACCOUNTS: '111111111111',
          PROTON_REGIONS: 'us-east-1',
          AWS_ACCOUNT_ROLE_ARN_TEMPLATE: ROLE_TEMPLATE,
        } as Record<string, string>;
        expect(mistakesIn({ [variable]: value ?? '' })).toEqual([expect.stringContaining('PROTON_ENDPOINT')]);
      },
    );
  });

  it('is described in README’s table, with its defaults', () => {
    const readme = readFileSync(join(PROJECT, 'README.md'), 'utf8');
    const rows = new Map(
      [...readme.matchAll(/^\| `([A-Z_]+)` +\| ([^|]+?) +\|/gm)].map(([, name, byDefault]) => [
        name,
        byDefault,
      ]),
    );
    expect(Object.fromEntries(rows)).toEqual({
      HOST: '`127.0.0.1`',
      PORT: '`4001`',
      DATABASE_URL: '`sqlite:./data/proton.db`',
      AWS_REGION: '`us-east-1`',
      PROTON_DEFAULT_ACCOUNT_ID: '`000000000000`',
      PROTON_CONNECTION_QUOTA: '`1000`',
      PROTON_ENDPOINT_PORT: '`4002`',
      PROTON_ENDPOINT_HOST: '`HOST`',
      PROTON_ENDPOINT_AUTH: '`none` on loopback',
      ACCESS_KEY_ENCRYPTION_KEY: 'none',
      PROTON_ENDPOINT: 'none',
      PROTON_ACCOUNTS: 'none',
      PROTON_REGIONS: '`AWS_REGION`',
      AWS_ACCOUNT_ROLE_ARN_TEMPLATE: 'none',
      AWS_ACCOUNT_PROFILE_TEMPLATE: 'none',
      PROTON_TIMEOUT_MS: '`5000`',
      LOG_LEVEL: '`info`',
      NODE_ENV: '`development`',
      ALLOW_UNAUTHENTICATED: '`false`',
    });
  });
});
