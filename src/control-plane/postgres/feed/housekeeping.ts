import { FEED_RETENTION_MS } from '../../change-feed';
import type { Database } from '../database';
import { backfillDecisions } from '../first-decisions';
import { deleteChanges, deleteTokens } from './expired-rows';
import { hasUnsequenced, sequence } from './sequencer';

/** Changes get their positions right after their commit, but not more often than this, in milliseconds. */
const SEQUENCE_MS = 20;
/** How often to look for changes that a process left behind when it ended, in milliseconds. */
const SWEEP_MS = 1_000;
/** How often old rows are deleted, and decisions of an earlier version filled in, in milliseconds. */
const CLEANUP_MS = 60_000;

export interface HousekeepingOptions {
  readonly database: Database;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Called when this process has given changes their positions. */
  readonly sequenced: () => void;
  /** How long the change feed keeps changes, in milliseconds; by default `FEED_RETENTION_MS`. */
  readonly feedRetentionMs?: number | undefined;
}

export interface Housekeeping {
  /** Gives changes their positions soon. Called after each commit of changes. */
  readonly changed: () => void;
  /** Client tokens that were recorded at this time or earlier have expired. */
  readonly tokensExpired: (at: number) => void;
  /** Resolves when nothing runs any more. */
  readonly stop: () => Promise<void>;
}

/**
 * What a store does besides calls: it gives changes their positions in the feed, deletes rows that have expired, and fills in decisions
 * that an earlier version has made. Every process does it, and does no harm when others do it too. Failures are not reported: calls
 * meet the same ones, and the work is tried again.
 */
export function startHousekeeping({
  database,
  now,
  sequenced,
  feedRetentionMs = FEED_RETENTION_MS,
}: HousekeepingOptions): Housekeeping {
  let sequencing: Promise<void> | undefined;
  let cleaning: Promise<void> | undefined;
  let soon: NodeJS.Timeout | undefined;
  let isDue = false;
  let startedAt = -Infinity;
  const stopping = new AbortController();
  let expiredAt = -Infinity;
  let tokensExpiredAt = -Infinity;

  function start(): void {
    soon = undefined;
    if (stopping.signal.aborted || sequencing) return;
    isDue = false;
    startedAt = performance.now();
    sequencing = sequence(database, now())
      .then((count) => {
        if (count > 0) sequenced();
      })
      .catch(() => undefined)
      .finally(() => {
        sequencing = undefined;
        if (isDue) changed();
      });
  }

  function changed(): void {
    isDue = true;
    if (!stopping.signal.aborted)
      soon ??= setTimeout(start, Math.max(0, startedAt + SEQUENCE_MS - performance.now()));
  }

  async function sweep(): Promise<void> {
    if (await hasUnsequenced(database).catch(() => false)) changed();
  }

  /** One part may fail each time, and the others still do their work. The backfill is last, because it may take minutes. */
  async function cleanUp(): Promise<void> {
    await deleteChanges(database, now() - feedRetentionMs).catch(() => undefined);
    await deleteExpiredTokens().catch(() => undefined);
    await backfillDecisions(database, stopping.signal).catch(() => undefined);
  }

  async function deleteExpiredTokens(): Promise<void> {
    if (expiredAt <= tokensExpiredAt) return;
    const at = expiredAt;
    await deleteTokens(database, at);
    tokensExpiredAt = at;
  }

  const sweeping = setInterval(() => void sweep(), SWEEP_MS);
  const cleaningUp = setInterval(() => {
    cleaning ??= cleanUp().finally(() => {
      cleaning = undefined;
    });
  }, CLEANUP_MS);
  // A command that ends does not wait for the next turn.
  sweeping.unref();
  cleaningUp.unref();

  return {
    changed,
    tokensExpired(at) {
      expiredAt = Math.max(expiredAt, at);
    },
    async stop() {
      stopping.abort();
      clearInterval(sweeping);
      clearInterval(cleaningUp);
      clearTimeout(soon);
      await sequencing;
      await cleaning;
      // The changes of the last commits. If this fails, another process finds them.
      if (isDue || soon) await sequence(database, now()).catch(() => undefined);
    },
  };
}
