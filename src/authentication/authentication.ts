import type { KeyObject } from 'node:crypto';

import {
  readableAccounts,
  unrestrictedViewer,
  viewerWithoutPermissions,
  type Viewer,
} from '../proton/viewer';
import { bearerToken } from './headers';
import { type RouterProof, routerSecretProof } from './router/router-proof';
import { routerSignatureProof, type RouterSignatureOptions } from './router/router-signature';
import type { IssuerKeysOptions, KeyReport } from './user/issuer-keys';
import { singleKey, type VerificationKeys } from './user/verification-keys';
import type { TokenRules, VerifiedToken } from './user/verify-token';

export type { Viewer } from '../proton/viewer';

/** How requests are authenticated: the router that forwards them, the user behind it, both, or neither. */
export interface Authentication {
  readonly router: RouterProof | undefined;
  readonly user: UserAuthentication | undefined;
  /** Fetches the issuer's keys once before it resolves, then regularly until `stop`. Never rejects. */
  readonly start: () => Promise<void>;
  readonly stop: () => void;
  /** The readiness check: `ok`, or a sentence for the operator that says what is missing. */
  readonly keysCheck: () => string;
}

export interface UserAuthentication {
  readonly keys: VerificationKeys;
  /** @throws AuthenticationError if the token is invalid; TooManyWaitingError */
  readonly verify: (token: string) => Promise<VerifiedToken>;
  /** Limit for a token. */
  readonly maxBytes: number;
}

/** How routers and users authenticate. With neither, every request is accepted. */
export interface AuthenticationConfig {
  readonly router: RouterAuthenticationConfig | undefined;
  readonly user: UserAuthenticationConfig | undefined;
}

export type RouterAuthenticationConfig =
  /** Any of the secrets is accepted. */
  | { readonly kind: 'secret'; readonly secrets: readonly string[] }
  | {
      readonly kind: 'sigv4';
      readonly accessKeyIds: readonly string[];
      /** Decrypts the secrets of these access keys. */
      readonly encryptionKey: KeyObject;
    };

export interface UserAuthenticationConfig extends TokenRules {
  readonly keys:
    | { readonly kind: 'file'; readonly key: KeyObject }
    | ({ readonly kind: 'jwks' } & Pick<IssuerKeysOptions, 'url' | 'refetchMs' | 'retryMs'>);
  /** Limit for a token. */
  readonly maxBytes: number;
}

export interface AuthenticationDependencies {
  /** The access key with this id; undefined if it does not exist or is revoked. */
  readonly findKey: RouterSignatureOptions['findKey'];
  /** Receives the outcome of every fetch of the issuer's keys. */
  readonly reportKeys: (report: KeyReport) => void;
}

/** Every request is accepted without authentication. */
export const NO_AUTHENTICATION: Authentication = {
  router: undefined,
  user: undefined,
  start: () => Promise.resolve(),
  stop: () => undefined,
  keysCheck: () => 'ok',
};

export async function createAuthentication(
  { router, user }: AuthenticationConfig,
  { findKey, reportKeys }: AuthenticationDependencies,
): Promise<Authentication> {
  const users = user && (await userAuthenticationOf(user, reportKeys));
  const keys = users?.keys;
  return {
    router: router && routerProofOf(router, findKey),
    user: users,
    start: async () => keys?.start(),
    stop: () => keys?.stop(),
    keysCheck: () => (!keys || keys.ready() ? 'ok' : 'the keys at AUTH_JWKS_URL could not be fetched yet'),
  };
}

/** Imports jose only when tokens are verified: it loads slowly, because it is an ES module. */
async function userAuthenticationOf(
  { keys: source, maxBytes, ...rules }: UserAuthenticationConfig,
  report: AuthenticationDependencies['reportKeys'],
): Promise<UserAuthentication> {
  const [{ verifyToken }, { issuerKeys }] = await Promise.all([
    import('./user/verify-token.ts'),
    import('./user/issuer-keys.ts'),
  ]);
  const keys = source.kind === 'file' ? singleKey(source.key) : issuerKeys({ ...source, report });
  return { keys, verify: (token) => verifyToken(token, keys, rules), maxBytes };
}

function routerProofOf(
  router: RouterAuthenticationConfig,
  findKey: RouterSignatureOptions['findKey'],
): RouterProof {
  return router.kind === 'secret'
    ? routerSecretProof(router.secrets)
    : routerSignatureProof({ accessKeyIds: router.accessKeyIds, findKey, now: Date.now });
}

/**
 * Verifies the token of a request; undefined if the request has no token.
 * @param rawHeaders names and values in turn, as in Node's `IncomingMessage.rawHeaders`
 * @param tokenHeader name in lower case
 * @throws AuthenticationError if the token is invalid; TooManyWaitingError
 */
export async function authenticateUser(
  rawHeaders: readonly string[],
  tokenHeader: string,
  { verify, maxBytes }: UserAuthentication,
): Promise<VerifiedToken | undefined> {
  const token = bearerToken(rawHeaders, tokenHeader, maxBytes);
  return token === undefined ? undefined : verify(token);
}

/** Whether the viewer may read any account. */
export function maySeeAny(viewer: Viewer): boolean {
  const accounts = readableAccounts(viewer);
  return accounts === 'every' || accounts.length > 0;
}

const ANONYMOUS = unrestrictedViewer('anonymous');

/** The router is trusted to have checked the user's permissions. */
const ROUTER = unrestrictedViewer('router');

/** The viewer of requests when users are not authenticated. Its subject is the actor in the history. */
export function viewerWithoutUser({ router }: Pick<Authentication, 'router'>): Viewer {
  return router ? ROUTER : ANONYMOUS;
}

/** When users are authenticated: the viewer of a request that the router makes itself, without a user's token. */
export const ROUTER_WITHOUT_USER = viewerWithoutPermissions(ROUTER.subject);

/** The viewer of requests that need no authentication, such as the landing page. */
export const PUBLIC_VIEWER = viewerWithoutPermissions('public');
