import type { KeyObject } from 'node:crypto';

import { unrestrictedViewer, type Viewer } from '../proton/viewer';
import { bearerToken } from './headers';
import { issuerKeys, type KeyReport } from './user/issuer-keys';
import { NO_PERMISSIONS } from './user/accounts-claim';
import { verifyToken, type Person, type TokenRules } from './user/verify-token';
import { keyOfFile, type VerificationKeys } from './user/verification-keys';
import type { RouterProof } from './router/router-proof';
import { routerSecretProof } from './router/router-secret';
import { routerSignatureProof, type RouterSignatureParts } from './router/router-signature';

export type { Viewer } from '../proton/viewer';

/** Who must prove who they are. */
export interface Authentication {
  readonly router: RouterProof | undefined;
  readonly person: PersonAuthentication | undefined;
  /** Asks for the keys that tokens are verified with, once before this resolves, and then until it is stopped. It never rejects. */
  readonly start: () => Promise<void>;
  readonly stop: () => void;
  /** `ok`, or a sentence on what is missing, for whoever operates the server. */
  readonly keysCheck: () => string;
}

export interface PersonAuthentication {
  readonly keys: VerificationKeys;
  readonly rules: TokenRules;
  /** Bytes of a token. */
  readonly maxBytes: number;
}

export interface AuthenticationSettings {
  readonly router:
    | { readonly kind: 'secret'; readonly secrets: readonly string[] }
    | { readonly kind: 'sigv4'; readonly accessKeyIds: readonly string[] }
    | undefined;
  readonly person:
    | (TokenRules & {
        readonly keys:
          | { readonly kind: 'file'; readonly key: KeyObject }
          | {
              readonly kind: 'jwks';
              readonly url: string;
              readonly refetchMs: number;
              readonly retryMs: number;
            };
        readonly maxBytes: number;
      })
    | undefined;
}

export interface AuthenticationParts {
  /** The access key of this id; undefined where there is none that is good. */
  readonly findKey: RouterSignatureParts['findKey'];
  /** Is told what became of asking the issuer for keys. */
  readonly reportKeys: (report: KeyReport) => void;
}

/** Nobody must prove anything. */
export const NO_AUTHENTICATION: Authentication = {
  router: undefined,
  person: undefined,
  start: () => Promise.resolve(),
  stop: () => undefined,
  keysCheck: () => 'ok',
};

export function createAuthentication(
  { router, person }: AuthenticationSettings,
  { findKey, reportKeys }: AuthenticationParts,
): Authentication {
  const keys = person && keysOf(person.keys, reportKeys);
  return {
    router: router && routerProofOf(router, findKey),
    person: keys && { keys, rules: person, maxBytes: person.maxBytes },
    start: async () => keys?.start(),
    stop: () => keys?.stop(),
    keysCheck: () => (!keys || keys.ready() ? 'ok' : 'the keys at AUTH_JWKS_URL could not be fetched yet'),
  };
}

function keysOf(
  keys: NonNullable<AuthenticationSettings['person']>['keys'],
  report: AuthenticationParts['reportKeys'],
): VerificationKeys {
  return keys.kind === 'file' ? keyOfFile(keys.key) : issuerKeys({ ...keys, report });
}

function routerProofOf(
  router: NonNullable<AuthenticationSettings['router']>,
  findKey: RouterSignatureParts['findKey'],
): RouterProof {
  return router.kind === 'secret'
    ? routerSecretProof(router.secrets)
    : routerSignatureProof({ accessKeyIds: router.accessKeyIds, findKey, now: Date.now });
}

/**
 * Tells who a request is from, by the token that it came with; undefined where it came with none.
 * @param tokenHeader in lower case
 * @throws AuthenticationRefusal for a token that is not believed
 */
export async function identifyPerson(
  rawHeaders: readonly string[],
  tokenHeader: string,
  { keys, rules, maxBytes }: PersonAuthentication,
): Promise<Person | undefined> {
  const token = bearerToken(rawHeaders, tokenHeader, maxBytes);
  return token === undefined ? undefined : verifyToken(token, keys, rules);
}

/** What the history names where nobody had to prove anything. */
const ANONYMOUS = unrestrictedViewer('anonymous');

/** What it names where the router alone did: it is trusted to have judged the person. */
const ROUTER = unrestrictedViewer('router');

/** A router that speaks for itself, where persons must prove who they are: it sees nothing and may do nothing. */
export const ROUTER_FOR_ITSELF: Viewer = { ...NO_PERMISSIONS, subject: ROUTER.subject };

/** Who only looks at what is for everyone. */
export const NOBODY: Viewer = { ...NO_PERMISSIONS, subject: 'nobody' };

/** On whose behalf requests are answered where persons need not prove who they are. */
export function viewerWithoutPerson({ router }: Pick<Authentication, 'router'>): Viewer {
  return router ? ROUTER : ANONYMOUS;
}
