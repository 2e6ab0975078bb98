import { fromIni, fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers';

import type { AccountId } from '../../proton/identifiers';

/** Where the credentials of an account come from. `{accountId}` in a template stands for its id. */
export type CredentialSource =
  | { readonly kind: 'default-chain' }
  | { readonly kind: 'role'; readonly arnTemplate: string }
  | { readonly kind: 'profile'; readonly nameTemplate: string };

/** Keys of an account, and until when they are good. */
export type Credentials = Awaited<ReturnType<ReturnType<typeof fromNodeProviderChain>>>;

/** Has credentials, however that is done; what the SDK calls an AWS credential identity provider is one. */
export type CredentialProvider = () => Promise<Credentials>;

const ACCOUNT_PLACE = '{accountId}';

/** Names this service in the CloudTrail of every account that it enters. */
const SESSION_NAME = 'proton-subgraph';

/** What STS may take of one answer, so that an endpoint that hangs is given up some time. */
const STS_TIMEOUT_MS = 5_000;

const STS_CLIENT = {
  requestHandler: {
    connectionTimeout: STS_TIMEOUT_MS,
    requestTimeout: STS_TIMEOUT_MS,
    socketTimeout: STS_TIMEOUT_MS,
    throwOnRequestTimeout: true,
  },
};

/** Keys in a file may be replaced while this process runs, and it asks seldom enough to read them again. */
const FROM_FILES = { clientConfig: STS_CLIENT, ignoreCache: true };

/**
 * Makes, for each account, a provider of its credentials: those that the SDK finds by itself, those of a role that is assumed in
 * the account, or those of a profile. It is for `rememberCredentials` to keep what they give: a role's asks STS each time.
 */
export function credentialProviders(source: CredentialSource): (accountId: AccountId) => CredentialProvider {
  switch (source.kind) {
    case 'default-chain':
      return () => fromNodeProviderChain(FROM_FILES);
    case 'role':
      return (accountId) =>
        fromTemporaryCredentials({
          params: { RoleArn: filledIn(source.arnTemplate, accountId), RoleSessionName: SESSION_NAME },
          clientConfig: STS_CLIENT,
        });
    case 'profile':
      // Not the chain, which would pass over a profile that is missing, to whatever credentials it finds next.
      return (accountId) => fromIni({ ...FROM_FILES, profile: filledIn(source.nameTemplate, accountId) });
  }
}

function filledIn(template: string, accountId: AccountId): string {
  return template.replaceAll(ACCOUNT_PLACE, accountId);
}

/** How long before they expire credentials are asked for anew: what the SDK's own clients leave themselves. */
export const REFRESH_BEFORE_EXPIRY_MS = 5 * 60 * 1000;

/** A provider that has not answered by then is asked again by whoever comes next. */
const PATIENCE_MS = 15_000;

/** The credentials of one account, asked for once and kept until shortly before they expire. */
export interface RememberedCredentials {
  /** Rejects with whatever the provider rejects with; that is not remembered. */
  readonly get: () => Promise<Credentials>;
  /** Has them asked for anew, for Proton would not have them. */
  readonly forget: () => void;
}

/**
 * The SDK's clients remember credentials each for itself. An account has a client in every Region, and a role is to be assumed
 * once: so all of its clients share these. Those who ask while an answer is under way wait for the same one.
 */
export function rememberCredentials(
  makeProvider: () => CredentialProvider,
  now: () => number = Date.now,
): RememberedCredentials {
  let kept: Credentials | undefined;
  let pending: Promise<Credentials> | undefined;
  let provider = makeProvider();

  const isGood = ({ expiration }: Credentials) =>
    expiration === undefined || expiration.getTime() - now() >= REFRESH_BEFORE_EXPIRY_MS;

  async function ask(): Promise<Credentials> {
    const asked = withPatience(provider());
    pending = asked;
    try {
      const credentials = await asked;
      kept = credentials;
      return credentials;
    } finally {
      pending = undefined;
    }
  }

  return {
    get: () => (kept && isGood(kept) ? Promise.resolve(kept) : (pending ?? ask())),
    forget() {
      kept = undefined;
      // Some providers remember by themselves.
      provider = makeProvider();
    },
  };
}

async function withPatience<Value>(work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`the credential provider has not answered within ${String(PATIENCE_MS)} ms`));
    }, PATIENCE_MS).unref();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
