import { fromIni, fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers';

import type { AccountId } from '../../proton/identifiers';
import { orAborted } from './deadline';

/** Where the credentials of each account come from. `{accountId}` in a template is replaced by the account's id. */
export type CredentialSource =
  | { readonly kind: 'default-chain' }
  | { readonly kind: 'role'; readonly arnTemplate: string }
  | { readonly kind: 'profile'; readonly nameTemplate: string };

/** The keys of an account, with their expiration. */
export type Credentials = Awaited<ReturnType<ReturnType<typeof fromNodeProviderChain>>>;

/** Loads credentials. The SDK calls this an AWS credential identity provider. */
export type CredentialProvider = () => Promise<Credentials>;

const ACCOUNT_PLACEHOLDER = '{accountId}';

/** Identifies this service in the CloudTrail logs of the accounts whose roles it assumes. */
const SESSION_NAME = 'proton-subgraph';

/** Timeout of a call to STS. */
const STS_TIMEOUT_MS = 5_000;

const STS_CLIENT = {
  requestHandler: {
    connectionTimeout: STS_TIMEOUT_MS,
    requestTimeout: STS_TIMEOUT_MS,
    socketTimeout: STS_TIMEOUT_MS,
    throwOnRequestTimeout: true,
  },
};

/** Reads the file each time, because its keys may change while this process runs. Loads are rare enough for that. */
const FROM_FILES = { clientConfig: STS_CLIENT, ignoreCache: true };

/**
 * Returns a function that creates the credential provider of an account: the SDK's default chain, a role that is assumed in the
 * account, or a profile. The providers do not cache (a role's provider calls STS each time); use `cacheCredentials`.
 */
export function credentialProviders(source: CredentialSource): (accountId: AccountId) => CredentialProvider {
  switch (source.kind) {
    case 'default-chain':
      return () => fromNodeProviderChain(FROM_FILES);
    case 'role':
      return (accountId) =>
        fromTemporaryCredentials({
          params: { RoleArn: fillIn(source.arnTemplate, accountId), RoleSessionName: SESSION_NAME },
          clientConfig: STS_CLIENT,
        });
    case 'profile':
      // Not the default chain: if the profile is missing, it would use the next credentials that it finds.
      return (accountId) => fromIni({ ...FROM_FILES, profile: fillIn(source.nameTemplate, accountId) });
  }
}

function fillIn(template: string, accountId: AccountId): string {
  return template.replaceAll(ACCOUNT_PLACEHOLDER, accountId);
}

/** How long before they expire credentials are loaded again: the same time as in the SDK's clients. */
export const REFRESH_BEFORE_EXPIRY_MS = 5 * 60 * 1000;

/** After this time the provider is given up; the next call starts it again. */
const PROVIDER_TIMEOUT_MS = 15_000;

/** The credentials of one account, loaded once and cached until shortly before they expire. */
export interface CachedCredentials {
  /** Rejects with the provider's error, which is not cached. */
  readonly get: () => Promise<Credentials>;
  /** Drops the cached credentials, because Proton does not accept them. */
  readonly invalidate: () => void;
}

/**
 * Caches credentials for all clients of an account. Each SDK client would cache its own, and there is one per Region, so a role
 * would be assumed once per Region. Concurrent calls share one load.
 *
 * @param makeProvider called once, and again after `invalidate`, because some providers cache
 * @param now milliseconds since the epoch
 */
export function cacheCredentials(
  makeProvider: () => CredentialProvider,
  now: () => number = Date.now,
): CachedCredentials {
  let cached: Credentials | undefined;
  let pending: Promise<Credentials> | undefined;
  let provider = makeProvider();

  const isFresh = ({ expiration }: Credentials) =>
    expiration === undefined || expiration.getTime() - now() >= REFRESH_BEFORE_EXPIRY_MS;

  async function load(): Promise<Credentials> {
    pending = withTimeout(provider());
    try {
      cached = await pending;
      return cached;
    } finally {
      pending = undefined;
    }
  }

  return {
    get: () => (cached && isFresh(cached) ? Promise.resolve(cached) : (pending ?? load())),
    invalidate() {
      cached = undefined;
      provider = makeProvider();
    },
  };
}

async function withTimeout<Value>(load: Promise<Value>): Promise<Value> {
  const timeout = new AbortController();
  const timer = setTimeout(() => {
    timeout.abort(
      new Error(`the credential provider did not return within ${String(PROVIDER_TIMEOUT_MS)} ms`),
    );
  }, PROVIDER_TIMEOUT_MS).unref();
  try {
    return await orAborted(load, timeout.signal);
  } finally {
    clearTimeout(timer);
  }
}
