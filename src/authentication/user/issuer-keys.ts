import { fetchKeySet } from './fetch-key-set';
import type { KeySet } from './key-set';
import { KeysAwaited, type KeyHint, type VerificationKeys } from './verification-keys';

/** After that long the issuer is asked again, so that a key which it withdrew is not good for ever, in milliseconds. */
const REFRESH_MS = 300_000;

/** How many may wait for the issuer at a time: anybody can make up keys that nobody knows, and each who waits takes memory. */
const MOST_WAITING = 64;

export interface IssuerKeysOptions {
  readonly url: string;
  /** Least time between two fetches that unknown keys ask for. */
  readonly refetchMs: number;
  /** Time between attempts while there are no keys. */
  readonly retryMs: number;
  /** Time between attempts while there are. */
  readonly refreshMs?: number;
  readonly report: (report: KeyReport) => void;
}

/** What became of a fetch. */
export type KeyReport =
  | { readonly kind: 'fetched'; readonly keys: number }
  /** `kept` of keys that stay as they were. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly kept: number };

/**
 * The keys that an issuer publishes. The last good ones stay through any outage, and nothing but a set with good ones takes their
 * place. jose's own remote set is not used, for it forgets them: once they are old it rejects until the issuer answers again.
 */
export function issuerKeys({
  url,
  refetchMs,
  retryMs,
  refreshMs = REFRESH_MS,
  report,
}: IssuerKeysOptions): VerificationKeys {
  let current: KeySet | undefined;
  let loading: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let refetchedAt = -Infinity;
  let waiting = 0;

  async function fetchOnce(): Promise<void> {
    try {
      current = await fetchKeySet(url);
      report({ kind: 'fetched', keys: current.size });
    } catch (error) {
      report({ kind: 'failed', error, kept: current?.size ?? 0 });
    }
    loading = undefined;
    scheduleNext();
  }

  /** Never rejects. Whoever comes while a fetch is under way waits for that one. */
  function load(): Promise<void> {
    return (loading ??= fetchOnce());
  }

  function scheduleNext(): void {
    clearTimeout(timer);
    if (stopped) return;
    timer = setTimeout(() => void load(), current ? refreshMs : retryMs);
    timer.unref();
  }

  /** An unknown key may be a new one; that anybody can make one up must not turn on the issuer. */
  function mayRefetch(): boolean {
    const at = performance.now();
    if (at - refetchedAt < refetchMs) return false;
    refetchedAt = at;
    return true;
  }

  const fitting = (hint: KeyHint) => current?.candidates(hint) ?? [];

  async function awaitFetch(underWay: Promise<void>): Promise<void> {
    if (waiting >= MOST_WAITING) throw new KeysAwaited('too many wait for the keys of the issuer');
    waiting += 1;
    await underWay;
    waiting -= 1;
  }

  return {
    ready: () => current !== undefined,
    retryMs,
    async candidates(hint) {
      const known = fitting(hint);
      if (known.length > 0) return known;
      if (loading) {
        await awaitFetch(loading);
        const loaded = fitting(hint);
        if (loaded.length > 0) return loaded;
      }
      if (!mayRefetch()) return [];
      await load();
      return fitting(hint);
    },
    start: load,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
