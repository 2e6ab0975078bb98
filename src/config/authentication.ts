import type { KeyObject } from 'node:crypto';

import { encryptionKeyOf } from './encryption-key';
import type { Variables } from './environment';

/** Who must prove who they are. With neither, everyone may do everything. */
export interface AuthenticationConfig {
  readonly router: RouterAuthenticationConfig | undefined;
  readonly person: PersonAuthenticationConfig | undefined;
}

export type RouterAuthenticationConfig =
  | { readonly kind: 'secret'; readonly secrets: readonly string[] }
  | {
      readonly kind: 'sigv4';
      readonly accessKeyIds: readonly string[];
      readonly encryptionKey: KeyObject;
    };

/** How a person's token is verified, and what in it says what they may do. */
export interface PersonAuthenticationConfig {
  readonly issuer: string;
  readonly audience: string;
  readonly keys:
    | { readonly kind: 'file'; readonly key: KeyObject }
    | {
        readonly kind: 'jwks';
        readonly url: string;
        /** Least time between two fetches that unknown keys ask for. */
        readonly refetchMs: number;
        /** Time between attempts while there are no keys. */
        readonly retryMs: number;
      };
  readonly accountsClaim: string;
  readonly clockSkewMs: number;
  /** Bytes of a token. */
  readonly maxBytes: number;
}

export function authenticationConfig(variables: Variables): AuthenticationConfig {
  return { router: routerConfig(variables), person: personConfig(variables) };
}

function routerConfig(variables: Variables): RouterAuthenticationConfig | undefined {
  const { ROUTER_SECRET: secrets, ROUTER_ACCESS_KEY_IDS: accessKeyIds } = variables;
  if (secrets !== undefined) return { kind: 'secret', secrets };
  if (accessKeyIds === undefined) return undefined;
  return { kind: 'sigv4', accessKeyIds, encryptionKey: encryptionKeyOf(variables) };
}

function personConfig(variables: Variables): PersonAuthenticationConfig | undefined {
  const { AUTH_JWT_ISSUER: issuer, AUTH_JWT_AUDIENCE: audience } = variables;
  const { AUTH_JWKS_URL: url, AUTH_JWT_PUBLIC_KEY_FILE: key } = variables;
  if (issuer === undefined || audience === undefined) return undefined;
  const { AUTH_JWKS_REFETCH_MS: refetchMs, AUTH_JWKS_RETRY_MS: retryMs } = variables;
  const keys =
    url !== undefined
      ? ({ kind: 'jwks', url, refetchMs, retryMs } as const)
      : key && ({ kind: 'file', key } as const);
  if (keys === undefined) throw new Error('the missing keys have been passed over');
  return {
    issuer,
    audience,
    keys,
    accountsClaim: variables.AUTH_ACCOUNTS_CLAIM,
    clockSkewMs: variables.AUTH_JWT_CLOCK_SKEW_MS,
    maxBytes: variables.AUTH_JWT_MAX_BYTES,
  };
}
