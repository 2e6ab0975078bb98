import { readConfig } from '../../src/config/config';
import { mistakesIn } from '../support/config-mistakes';

const USERS = {
  AUTH_JWT_ISSUER: 'https://login.example.com/',
  AUTH_JWT_AUDIENCE: 'proton-subgraph',
  AUTH_JWKS_URL: 'https://login.example.com/keys',
};
const ROUTER = { ROUTER_SECRET: 'a-secret' };
const GATEWAY = { CONSOLE_GRAPHQL_URL: 'https://gateway.example.com/graphql' };
const consoleIn = (environment: Readonly<Record<string, string>>) => readConfig(environment).console;

describe('Where the console is served', () => {
  it.each<[boolean | undefined, string, Readonly<Record<string, string>>]>([
    [true, 'by default', {}],
    [false, 'in production by default', { NODE_ENV: 'production' }],
    [true, 'in production that turns it on', { NODE_ENV: 'production', CONSOLE: 'on' }],
    [true, 'where users authenticate', USERS],
    [false, 'where the router sends a secret', ROUTER],
    [
      false,
      'where the router signs',
      {
        ROUTER_ACCESS_KEY_IDS: 'PSKAAAAAAAAAAAAAAAAA',
        ACCESS_KEY_ENCRYPTION_KEY: Buffer.alloc(32).toString('base64'),
      },
    ],
    [false, 'where the router authenticates, although it is turned on', { ...ROUTER, CONSOLE: 'on' }],
    [undefined, 'where it is turned off', { CONSOLE: 'off' }],
  ])('on the GraphQL port: %s %s', (served, _when, environment) => {
    expect(consoleIn(environment)?.onGraphqlPort).toBe(served);
  });

  it('has a listener of its own with CONSOLE_PORT, in production and beside a router too', () => {
    const port = { CONSOLE_PORT: '4010', ...GATEWAY };
    expect(consoleIn({})?.listener).toBeUndefined();
    expect(consoleIn({ ...port, ...ROUTER, NODE_ENV: 'production', CONSOLE_HOST: '0.0.0.0' })).toMatchObject({
      onGraphqlPort: false,
      listener: { host: '0.0.0.0', port: 4010, checkHostHeader: false },
      graphqlUrl: 'https://gateway.example.com/graphql',
    });
    expect(consoleIn({ ...port, CONSOLE_HOST: '127.0.0.2' })?.listener).toEqual({
      host: '127.0.0.2',
      port: 4010,
      checkHostHeader: true,
    });
    // It has no data, so anyone may be served there without authentication.
    expect(consoleIn({ ...port, CONSOLE_HOST: '0.0.0.0' })?.listener?.checkHostHeader).toBe(false);
  });
});

describe('How people sign in to the console', () => {
  it.each<[string, string, Readonly<Record<string, string>>]>([
    ['none', 'without authentication', {}],
    ['none', 'with a gateway and no authentication', GATEWAY],
    ['token', 'where users authenticate', USERS],
    ['token', 'behind a router', { ...ROUTER, ...GATEWAY }],
    ['oidc', 'with a client', { ...USERS, CONSOLE_OIDC_CLIENT_ID: 'console' }],
  ])('%s: %s', (kind, _when, environment) => {
    expect(consoleIn(environment)?.signIn.kind).toBe(kind);
  });

  it('takes the issuer of tokens, and asks for openid alone, by default', () => {
    expect(consoleIn({ ...USERS, CONSOLE_OIDC_CLIENT_ID: 'console' })?.signIn).toEqual({
      kind: 'oidc',
      issuer: 'https://login.example.com/',
      clientId: 'console',
      scope: 'openid',
      audience: undefined,
      origins: [],
    });
  });

  it('takes every setting of OpenID Connect', () => {
    const environment = {
      ...USERS,
      CONSOLE_OIDC_CLIENT_ID: 'console',
      CONSOLE_OIDC_ISSUER: 'http://localhost:9000/realms/people',
      CONSOLE_OIDC_SCOPE: 'openid profile proton:write',
      CONSOLE_OIDC_AUDIENCE: 'https://api.example.com',
      CONSOLE_OIDC_ORIGINS: 'https://tokens.example.com, http://127.0.0.1:9001',
    };
    expect(consoleIn(environment)?.signIn).toMatchObject({
      issuer: 'http://localhost:9000/realms/people',
      scope: 'openid profile proton:write',
      audience: 'https://api.example.com',
      origins: ['https://tokens.example.com', 'http://127.0.0.1:9001'],
    });
  });
});

describe('Mistakes in the variables of the console', () => {
  const CLIENT = { CONSOLE_OIDC_CLIENT_ID: 'console' };

  it.each<[string, Readonly<Record<string, string>>]>([
    ['CONSOLE must be one of auto, on, off, not "yes".', { CONSOLE: 'yes' }],
    ['CONSOLE_PORT must be a whole number from 0 to 65535, not "off".', { CONSOLE_PORT: 'off', ...GATEWAY }],
    ['CONSOLE_PORT needs CONSOLE_GRAPHQL_URL: there is no /graphql on that port.', { CONSOLE_PORT: '4010' }],
    [
      'CONSOLE_PORT is set, and CONSOLE is off: unset one of them.',
      { CONSOLE_PORT: '1', ...GATEWAY, CONSOLE: 'off' },
    ],
    [
      'CONSOLE_PORT is 4003, and so is ADMIN_PORT: they need ports of their own.',
      { CONSOLE_PORT: '4003', ...GATEWAY },
    ],
    [
      'CONSOLE_PORT is 4001, and so is PORT: they need ports of their own.',
      { CONSOLE_PORT: '4001', ...GATEWAY },
    ],
    [
      'CONSOLE_HOST has no effect until CONSOLE_PORT is set. Set it, or unset CONSOLE_HOST.',
      { CONSOLE_HOST: '::1' },
    ],
    [
      'CONSOLE_HOST must be an address or a host name.',
      { CONSOLE_HOST: 'a b', CONSOLE_PORT: '1', ...GATEWAY },
    ],
    ['CONSOLE_OIDC_CLIENT_ID needs an issuer: set CONSOLE_OIDC_ISSUER, or AUTH_JWT_ISSUER.', CLIENT],
    [
      'CONSOLE_OIDC_CLIENT_ID needs an issuer with an https URL, or an http URL on loopback, and AUTH_JWT_ISSUER is none: set CONSOLE_OIDC_ISSUER.',
      { ...USERS, ...CLIENT, AUTH_JWT_ISSUER: 'people' },
    ],
    [
      'CONSOLE_OIDC_SCOPE must be scopes with a space between them, one of them openid, not "profile".',
      { ...USERS, ...CLIENT, CONSOLE_OIDC_SCOPE: 'profile' },
    ],
  ])('%s', (mistake, environment) => {
    expect(mistakesIn(environment)).toEqual([mistake]);
  });

  it.each([
    'ftp://gateway.example.com',
    '/graphql',
    'gateway',
    'https://user:pass@gateway.example.com',
    'https://a;b/',
  ])('rejects %s as the URL of the gateway', (url) => {
    expect(mistakesIn({ CONSOLE_GRAPHQL_URL: url })).toEqual([
      expect.stringMatching(/^CONSOLE_GRAPHQL_URL must be an http or https URL without credentials/),
    ]);
    expect(mistakesIn({ CONSOLE_GRAPHQL_URL: url }).join()).not.toContain('pass');
  });

  it.each([
    'http://login.example.com',
    'login',
    'https://user:pass@login.example.com',
    'https://a;script-src/',
  ])('rejects %s as an issuer', (url) => {
    expect(mistakesIn({ ...CLIENT, CONSOLE_OIDC_ISSUER: url })).toEqual([
      expect.stringMatching(/^CONSOLE_OIDC_ISSUER must be an https URL, or an http URL on loopback/),
    ]);
  });

  it.each([
    '*',
    'https://*.example.com',
    'https://a.example.com/path',
    'http://a.example.com',
    "'unsafe-inline'",
  ])('rejects %s as an origin that the page may connect to', (origin) => {
    expect(mistakesIn({ ...USERS, ...CLIENT, CONSOLE_OIDC_ORIGINS: origin })).toEqual([
      expect.stringMatching(/^CONSOLE_OIDC_ORIGINS must be https origins/),
    ]);
  });

  it.each(['CONSOLE_OIDC_ISSUER', 'CONSOLE_OIDC_SCOPE', 'CONSOLE_OIDC_AUDIENCE', 'CONSOLE_OIDC_ORIGINS'])(
    'says that %s has no effect without a client',
    (name) => {
      const value = name === 'CONSOLE_OIDC_SCOPE' ? 'openid' : 'https://login.example.com';
      expect(mistakesIn({ [name]: value })).toEqual([
        `${name} has no effect until CONSOLE_OIDC_CLIENT_ID is set. Set it, or unset ${name}.`,
      ]);
    },
  );

  it('are listed with all others', () => {
    expect(mistakesIn({ PORT: 'x', CONSOLE: 'x', CONSOLE_PORT: '70000' })).toEqual([
      expect.stringMatching(/^PORT /),
      expect.stringMatching(/^CONSOLE must/),
      expect.stringMatching(/^CONSOLE_PORT must/),
      expect.stringMatching(/^CONSOLE_PORT needs/),
    ]);
  });
});
