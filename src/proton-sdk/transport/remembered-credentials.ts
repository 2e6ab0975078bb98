import type { CredentialProvider, Credentials } from './credentials';

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
