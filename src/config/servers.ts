import { createSecretKey } from 'node:crypto';

import { z } from 'zod';

import {
  HOST_NAME,
  hostName,
  isLoopback,
  isOrigin,
  listOf,
  milliseconds,
  oneOf,
  portOrOff,
  quoted,
  wholeNumber,
} from './env-types';
import type { Environment } from './environment';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

export const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 4001;
const DEFAULT_ENDPOINT_PORT = 4002;
const DEFAULT_ADMIN_PORT = 4003;
/** An hour: load balancers hold idle connections for minutes. */
const MAX_KEEP_ALIVE_MS = 3_600_000;
const ENCRYPTION_KEY_BYTES = 32;

export const SERVER = {
  HOST: hostName
    .default(DEFAULT_HOST)
    .describe(
      'Address to listen on. An address other than loopback needs [authentication](../guides/authentication.md) or `ALLOW_UNAUTHENTICATED=true`.',
    ),
  PORT: wholeNumber(0, 65_535).default(DEFAULT_PORT).describe('Port of `/graphql`. `0` takes a free port.'),
  ADMIN_PORT: portOrOff
    .default(DEFAULT_ADMIN_PORT)
    .describe(
      'Port of `/health/live`, `/health/ready` and `/metrics`, at `HOST`. `0` takes a free port, `off` turns it off.',
    ),
  CORS_ORIGINS: listOf(
    z.string().refine((value) => isOrigin(value) && !value.endsWith('/'), {
      error: ({ input }) => `must be origins, as in https://studio.apollographql.com, not ${quoted(input)}`,
    }),
  )
    .optional()
    .describe(
      'Origins whose web pages may send requests, comma-separated, as in `https://studio.apollographql.com`.',
    ),
  LOG_LEVEL: oneOf(LOG_LEVELS)
    .default('info')
    .describe(
      '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`. JSON lines; readable lines on a terminal.',
    ),
  NODE_ENV: oneOf(['development', 'production', 'test'])
    .default('development')
    .describe(
      '`production` turns off Sandbox, introspection and suggestions, and gives federated traces to an authenticated router only. `test` equals `development`.',
    ),
  ALLOW_UNAUTHENTICATED: oneOf(['true', 'false'])
    .default('false')
    .describe(
      '`true` accepts that without authentication everyone who can connect may do everything. Refused when authentication is configured.',
    ),
};

export const AWS_ENDPOINT = {
  PROTON_ENDPOINT_PORT: portOrOff
    .default(DEFAULT_ENDPOINT_PORT)
    .describe('Port of the Proton endpoint. `0` takes a free port, `off` turns it off.'),
  PROTON_ENDPOINT_HOST: hostName
    .optional()
    .meta({ description: 'Address of the Proton endpoint.', shownDefault: '`HOST`' }),
  PROTON_ENDPOINT_AUTH: oneOf(['sigv4', 'none']).optional().meta({
    description:
      '`sigv4`: callers sign with [access keys](../guides/aws-clients.md#access-keys). `none`: the access key id is trusted as the account; loopback only.',
    shownDefault: '`none` on loopback, else `sigv4`',
  }),
  ACCESS_KEY_ENCRYPTION_KEY: z
    .string()
    .refine((value) => /^[A-Za-z0-9+/]{43}=$/.test(value), {
      // The value is a secret, so the message does not quote it.
      error: `must be ${String(ENCRYPTION_KEY_BYTES)} bytes in base64, as \`openssl rand -base64 ${String(ENCRYPTION_KEY_BYTES)}\` prints them`,
    })
    .transform((value) => createSecretKey(Buffer.from(value, 'base64')))
    .optional()
    .describe(
      'Encrypts the secrets of access keys in the database: 32 bytes in base64, as `openssl rand -base64 32` prints them.',
    ),
};

export const TIMEOUTS = {
  REQUEST_TIMEOUT_MS: milliseconds(1)
    .default(10_000)
    .describe(
      'How long the header of a request, and the whole request, may take to arrive, and the client may take to read the response.',
    ),
  KEEP_ALIVE_TIMEOUT_MS: milliseconds(1, MAX_KEEP_ALIVE_MS)
    .default(65_000)
    .describe('How long a connection may be idle.'),
  EXECUTION_TIMEOUT_MS: milliseconds(1)
    .default(10_000)
    .describe('How long a request may wait for execution, and then how long it may execute.'),
  SHUTDOWN_DELAY_MS: milliseconds(0)
    .default(0)
    .describe(
      'How long the server keeps serving after a signal, with readiness off, until load balancers notice.',
    ),
  SHUTDOWN_GRACE_MS: milliseconds(0)
    .default(10_000)
    .describe('How long requests in flight then have to complete.'),
  SHUTDOWN_SIGNAL_REPEAT_MS: milliseconds(0)
    .default(1_000)
    .describe(
      'A second signal within this time counts as the first one. A later one ends the process at once.',
    ),
};

/** Conflicts between the variables that say where servers listen. */
export function serverMistakes(environment: Environment, authenticated: boolean): readonly string[] {
  return [...openAddressMistakes(environment, authenticated), ...portMistakes(environment)];
}

function openAddressMistakes(environment: Environment, authenticated: boolean): readonly string[] {
  const { HOST = DEFAULT_HOST, ALLOW_UNAUTHENTICATED } = environment;
  if (authenticated) return [];
  if (!HOST_NAME.test(HOST) || isLoopback(HOST) || ALLOW_UNAUTHENTICATED === 'true') return [];
  return [
    `HOST is ${HOST}, where everyone who reaches this machine could change connections: there is no authentication. ` +
      'Set ROUTER_SECRET, listen on 127.0.0.1, or set ALLOW_UNAUTHENTICATED=true if that is what you want.',
  ];
}

/** Two servers can't share a port, unless it is `0`, which is a free one each time. */
function portMistakes(environment: Environment): readonly string[] {
  const { PORT = String(DEFAULT_PORT), ADMIN_PORT = String(DEFAULT_ADMIN_PORT) } = environment;
  const endpointPort =
    environment['PROTON_UPSTREAM'] === undefined
      ? (environment['PROTON_ENDPOINT_PORT'] ?? String(DEFAULT_ENDPOINT_PORT))
      : 'off';
  const taken = new Map([[PORT, 'PORT']]);
  const mistakes: string[] = [];
  for (const [name, port] of [
    ['PROTON_ENDPOINT_PORT', endpointPort],
    ['ADMIN_PORT', ADMIN_PORT],
    ['CONSOLE_PORT', environment['CONSOLE_PORT'] ?? 'off'],
  ] as const) {
    const other = taken.get(port);
    if (other !== undefined && port !== '0' && port !== 'off')
      mistakes.push(`${name} is ${port}, and so is ${other}: they need ports of their own.`);
    taken.set(port, name);
  }
  return mistakes;
}
