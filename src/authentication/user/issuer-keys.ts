import { createRemoteJWKSet, customFetch, errors, type FetchImplementation } from 'jose';

import { usableKeys } from './key-set';
import {
  TooManyWaitingError,
  type KeyHint,
  type VerificationKey,
  type VerificationKeys,
} from './verification-keys';

/** The keys are fetched this often, so that a key which the issuer withdrew does not stay valid forever, in milliseconds. */
const REFRESH_MS = 300_000;

/** Time limit for one fetch, body included, in milliseconds. */
const FETCH_TIMEOUT_MS = 5_000;

/** Size limit for a response, uncompressed. Issuers' sets have some ten thousand bytes. */
const MAX_BYTES = 262_144;

/**
 * Requests that may wait for a fetch which another request or the timer started. Tokens with made-up key ids cost nothing to send,
 * and each waiting request takes memory.
 */
const MAX_WAITING = 64;

export interface IssuerKeysOptions {
  readonly url: string;
  /** Minimum time between two fetches that tokens with unknown keys cause, in milliseconds. */
  readonly refetchMs: number;
  /** Time between attempts while there are no keys, in milliseconds. */
  readonly retryMs: number;
  /** Time between fetches once there are keys, in milliseconds. */
  readonly refreshMs?: number;
  readonly report: (report: KeyReport) => void;
}

/** The outcome of a fetch. */
export type KeyReport =
  | { readonly kind: 'fetched'; readonly keys: number }
  /** `kept` is the number of keys that stay valid. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly kept: number };

/**
 * The keys that an issuer publishes (RFC 7517). The last usable set stays valid through any outage; only another usable set
 * replaces it. jose fetches, caches and selects the keys; this decides when to fetch.
 */
export function issuerKeys({
  url,
  refetchMs,
  retryMs,
  refreshMs = REFRESH_MS,
  report,
}: IssuerKeysOptions): VerificationKeys {
  const keySet = createRemoteJWKSet(new URL(url), {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cacheMaxAge: Infinity,
    // jose starts its cooldown after a successful fetch only. With this value it never fetches by itself once it has keys.
    cooldownDuration: Infinity,
    [customFetch]: fetchUsableKeys,
  });
  let fetching: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let refetchedAt = -Infinity;
  let waiting = 0;

  const keyCount = () => keySet.jwks()?.keys.length ?? 0;

  async function fetchOnce(): Promise<void> {
    try {
      await keySet.reload();
      report({ kind: 'fetched', keys: keyCount() });
    } catch (error) {
      report({ kind: 'failed', error, kept: keyCount() });
    }
    fetching = undefined;
    scheduleNext();
  }

  /** Never rejects. Callers share a fetch that is in progress. */
  function fetchKeys(): Promise<void> {
    return (fetching ??= fetchOnce());
  }

  function scheduleNext(): void {
    clearTimeout(timer);
    if (stopped) return;
    timer = setTimeout(() => void fetchKeys(), keySet.fresh ? refreshMs : retryMs);
    timer.unref();
  }

  /** An unknown key may be new. Anyone can make up key ids, so they cause one fetch per interval, even if it fails. */
  function mayRefetch(): boolean {
    const now = performance.now();
    if (now - refetchedAt < refetchMs) return false;
    refetchedAt = now;
    return true;
  }

  async function waitFor(fetch: Promise<void>): Promise<void> {
    if (waiting >= MAX_WAITING)
      throw new TooManyWaitingError('too many requests wait for the keys of the issuer');
    waiting += 1;
    await fetch;
    waiting -= 1;
  }

  async function cached(hint: KeyHint): Promise<readonly VerificationKey[]> {
    // Without keys, jose would fetch.
    if (!keySet.fresh) return [];
    try {
      return [await keySet({ ...hint })];
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return [];
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      // An issuer that gives its keys no ids, or equal ones, has several matches while it rotates them.
      const keys: VerificationKey[] = [];
      for await (const key of error) keys.push(key);
      return keys;
    }
  }

  return {
    ready: () => keySet.fresh,
    retryMs,
    async candidates(hint) {
      const known = await cached(hint);
      if (known.length > 0) return known;
      if (fetching) {
        await waitFor(fetching);
        const fetched = await cached(hint);
        if (fetched.length > 0) return fetched;
      }
      if (!mayRefetch()) return [];
      await fetchKeys();
      return cached(hint);
    },
    start: fetchKeys,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/**
 * Lets jose keep a response only if it has keys that can verify tokens. A redirect is an error: only the configured address may
 * provide keys.
 * @throws Error that says what is wrong with the response
 */
const fetchUsableKeys: FetchImplementation = async (url, options) => {
  const response = await fetch(url, options);
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the response has status ${String(response.status)}`);
  }
  const text = await boundedText(response);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new Error('the response is not JSON');
  }
  return Response.json(usableKeys(document));
};

async function boundedText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving this loop early cancels the body and closes its connection.
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error(`the response has more than ${String(MAX_BYTES)} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
