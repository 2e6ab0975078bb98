import { z } from 'zod';

import type {
  AuthenticationConfig,
  RouterAuthenticationConfig,
  UserAuthenticationConfig,
} from '../authentication/authentication';
import {
  isTrustworthyUrl,
  listOf,
  milliseconds,
  publicKeyFile,
  quoted,
  quotedUnlessCredentials,
  wholeNumber,
} from './env-types';
import type { Environment, Variables } from './environment';
import { encryptionKeyOf } from './proton';

export const AUTHENTICATION = {
  ROUTER_SECRET: listOf(
    // The value is a secret, so the message does not quote it.
    z.string().min(1, {
      error:
        'must hold no empty secret: anyone could send it. Unset it, or give one or more, separated by commas',
    }),
  )
    .optional()
    .describe(
      'Secret that the router sends in `router-authorization`. Several, comma-separated, while one is replaced. An empty one is refused.',
    ),
  ROUTER_ACCESS_KEY_IDS: listOf(
    z.string().regex(/^\w{16,128}$/, {
      error: ({ input }) =>
        `must be the ids of access keys, as \`proton-subgraph access-key create\` prints them, not ${quoted(input)}`,
    }),
  )
    .optional()
    .describe(
      '[Access keys](../guides/aws-clients.md#access-keys) that the router may sign with instead (AWS SigV4, service `proton-subgraph`), comma-separated. An empty list is refused.',
    ),
  AUTH_JWT_ISSUER: z
    .string()
    .optional()
    .describe(
      'Issuer of users’ tokens. Together with the audience and a key it turns their verification on.',
    ),
  AUTH_JWT_AUDIENCE: z.string().optional().describe('Audience that tokens must have.'),
  AUTH_JWKS_URL: z
    .string()
    .refine(isTrustworthyUrl, {
      error: ({ input }) =>
        `must be an https URL, or an http URL on loopback, without credentials${quotedUnlessCredentials(input)}`,
    })
    .optional()
    .describe('URL of the issuer’s keys: https, or http on loopback.'),
  AUTH_JWT_PUBLIC_KEY_FILE: publicKeyFile
    .optional()
    .describe('File of a public key in PEM, instead of `AUTH_JWKS_URL`.'),
  AUTH_ACCOUNTS_CLAIM: z
    .string()
    .default('aws_accounts')
    .describe('Claim with the [permissions](../guides/authentication.md#permissions) of the viewer.'),
  AUTH_JWT_CLOCK_SKEW_MS: milliseconds(0)
    .default(60_000)
    .describe('How far the issuer’s clock may differ from this server’s.'),
  AUTH_JWT_MAX_BYTES: wholeNumber(256, 65_536).default(8_192).describe('Largest size of a token, in bytes.'),
  AUTH_JWKS_REFETCH_MS: milliseconds(0)
    .default(30_000)
    .describe('Shortest time between two fetches of the keys that tokens with an unknown key cause.'),
  AUTH_JWKS_RETRY_MS: milliseconds(1)
    .default(5_000)
    .describe('Time between attempts to fetch the keys while there are none.'),
};

/** Variables for which empty differs from unset: an empty secret, lost by a deployment tool, must not turn authentication off. */
export const NEVER_EMPTY = ['ROUTER_SECRET', 'ROUTER_ACCESS_KEY_IDS'] as const;

const TOKEN = ['AUTH_JWT_ISSUER', 'AUTH_JWT_AUDIENCE'] as const;
const KEYS = ['AUTH_JWKS_URL', 'AUTH_JWT_PUBLIC_KEY_FILE'] as const;

/** Variables without effect unless users authenticate. */
const USER_SETTINGS = [
  'AUTH_ACCOUNTS_CLAIM',
  'AUTH_JWT_CLOCK_SKEW_MS',
  'AUTH_JWT_MAX_BYTES',
  'AUTH_JWKS_REFETCH_MS',
  'AUTH_JWKS_RETRY_MS',
] as const;

export function authenticationConfig(variables: Variables): AuthenticationConfig {
  return { router: routerConfig(variables), user: userConfig(variables) };
}

function routerConfig(variables: Variables): RouterAuthenticationConfig | undefined {
  const { ROUTER_SECRET: secrets, ROUTER_ACCESS_KEY_IDS: accessKeyIds } = variables;
  if (secrets !== undefined) return { kind: 'secret', secrets };
  if (accessKeyIds === undefined) return undefined;
  return { kind: 'sigv4', accessKeyIds, encryptionKey: encryptionKeyOf(variables) };
}

function userConfig(variables: Variables): UserAuthenticationConfig | undefined {
  const { AUTH_JWT_ISSUER: issuer, AUTH_JWT_AUDIENCE: audience } = variables;
  const { AUTH_JWKS_URL: url, AUTH_JWT_PUBLIC_KEY_FILE: key } = variables;
  if (issuer === undefined || audience === undefined) return undefined;
  const { AUTH_JWKS_REFETCH_MS: refetchMs, AUTH_JWKS_RETRY_MS: retryMs } = variables;
  const keys =
    url !== undefined
      ? ({ kind: 'jwks', url, refetchMs, retryMs } as const)
      : key && ({ kind: 'file', key } as const);
  if (keys === undefined) throw new Error('authenticationMistakes() must reject an issuer without keys');
  return {
    issuer,
    audience,
    keys,
    accountsClaim: variables.AUTH_ACCOUNTS_CLAIM,
    clockSkewMs: variables.AUTH_JWT_CLOCK_SKEW_MS,
    maxBytes: variables.AUTH_JWT_MAX_BYTES,
  };
}

/** Whether the router or users must authenticate. */
export function isAuthenticated(environment: Environment): boolean {
  return (
    environment['ROUTER_SECRET'] !== undefined ||
    environment['ROUTER_ACCESS_KEY_IDS'] !== undefined ||
    authenticatesUsers(environment)
  );
}

function authenticatesUsers(environment: Environment): boolean {
  return [...TOKEN, ...KEYS].some((name) => environment[name] !== undefined);
}

/** Rejects authentication that is half configured, or configured in two ways: it would not protect what its operator expects. */
export function authenticationMistakes(environment: Environment, authenticated: boolean): readonly string[] {
  const mistakes = [...routerMistakes(environment), ...userMistakes(environment)];
  if (authenticated && environment['ALLOW_UNAUTHENTICATED'] === 'true')
    mistakes.push('ALLOW_UNAUTHENTICATED is true, and authentication is set up: unset one of them.');
  return mistakes;
}

function routerMistakes(environment: Environment): readonly string[] {
  const { ROUTER_SECRET, ROUTER_ACCESS_KEY_IDS, PROTON_UPSTREAM, ACCESS_KEY_ENCRYPTION_KEY } = environment;
  if (ROUTER_ACCESS_KEY_IDS === undefined) return [];
  const mistakes: string[] = [];
  if (ROUTER_SECRET !== undefined) {
    mistakes.push(
      'ROUTER_ACCESS_KEY_IDS and ROUTER_SECRET are two ways for the router to authenticate; set one.',
    );
  }
  if (PROTON_UPSTREAM !== undefined) {
    mistakes.push(
      'ROUTER_ACCESS_KEY_IDS names keys in the database of this process; with PROTON_UPSTREAM there is none. Use ROUTER_SECRET.',
    );
  } else if (ACCESS_KEY_ENCRYPTION_KEY === undefined) {
    mistakes.push(
      'ROUTER_ACCESS_KEY_IDS needs ACCESS_KEY_ENCRYPTION_KEY, which encrypts the secrets of those keys in the database.',
    );
  }
  return mistakes;
}

function userMistakes(environment: Environment): readonly string[] {
  if (!authenticatesUsers(environment)) {
    return USER_SETTINGS.filter((name) => environment[name] !== undefined).map(
      (name) =>
        `${name} has no effect until AUTH_JWT_ISSUER, AUTH_JWT_AUDIENCE and a key are set. Set them, or unset it.`,
    );
  }
  const mistakes = TOKEN.filter((name) => environment[name] === undefined).map(
    (name) => `${name} must be set when another part of AUTH_JWT is: tokens can't be verified without it.`,
  );
  const keys = KEYS.filter((name) => environment[name] !== undefined);
  if (keys.length === 0) {
    mistakes.push(
      'AUTH_JWKS_URL or AUTH_JWT_PUBLIC_KEY_FILE must say where the keys are that tokens are verified with.',
    );
  }
  if (keys.length > 1) {
    mistakes.push('AUTH_JWKS_URL and AUTH_JWT_PUBLIC_KEY_FILE are two sources of the same keys; set one.');
  }
  return mistakes;
}
