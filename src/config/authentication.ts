import type {
  AuthenticationConfig,
  RouterAuthenticationConfig,
  UserAuthenticationConfig,
} from '../authentication/authentication';
import type { Environment, Variables } from './environment';
import { encryptionKeyOf } from './proton';

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
