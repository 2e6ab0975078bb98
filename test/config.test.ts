import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ConfigError, isLoopback, readConfig } from '../src/config';
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
      accessKeyEncryptionKey: undefined,
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
      accessKeyEncryptionKey: undefined,
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
    const mistakes = mistakesIn({
      PORT: 'eighty',
      DATABASE_URL: 'mysql://localhost',
      AWS_REGION: 'mars',
      PROTON_DEFAULT_ACCOUNT_ID: '12',
      PROTON_CONNECTION_QUOTA: '0',
      LOG_LEVEL: 'loud',
      NODE_ENV: 'staging',
      ALLOW_UNAUTHENTICATED: 'yes',
    });
    expect(mistakes.map((mistake) => mistake.split(' ')[0])).toEqual([
      'PORT',
      'DATABASE_URL',
      'AWS_REGION',
      'PROTON_DEFAULT_ACCOUNT_ID',
      'PROTON_CONNECTION_QUOTA',
      'LOG_LEVEL',
      'NODE_ENV',
      'ALLOW_UNAUTHENTICATED',
    ]);
  });

  it('lists the refusal of an open address along with the other mistakes', () => {
    const named = (environment: Readonly<Record<string, string>>) =>
      mistakesIn(environment).map((mistake) => mistake.split(' ')[0]);
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
    expect(mistakesIn({ HOST })).toEqual([expect.stringContaining('ALLOW_UNAUTHENTICATED=true')]);
    expect(mistakesIn({ HOST, ALLOW_UNAUTHENTICATED: 'false' })).toHaveLength(1);
    expect(readConfig({ HOST, ALLOW_UNAUTHENTICATED: 'true' }).http.host).toBe(HOST);
  });

  it.each(['127.0.0.1', '127.8.9.10', 'localhost', '::1'])(
    'knows %s for an address of this machine alone',
    (host) => {
      expect(isLoopback(host)).toBe(true);
      expect(readConfig({ HOST: host }).http.host).toBe(host);
    },
  );

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
      LOG_LEVEL: '`info`',
      NODE_ENV: '`development`',
      ALLOW_UNAUTHENTICATED: '`false`',
    });
  });
});
