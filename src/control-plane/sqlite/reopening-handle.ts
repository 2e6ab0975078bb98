import { ProtonFailure } from '../../proton/failure';
import type { StoreHealth } from '../store';
import type { Opening } from './database-handle';
import { isBusy, readFailure, StoreError, storeErrorOf, writeFailure, type StoreErrorKind } from './errors';

export interface Standing {
  /** Reads, from whatever can still be read. @throws ProtonFailure `UNAVAILABLE` */
  readonly read: <Answer>(work: (opening: Opening) => Promise<Answer>) => Promise<Answer>;
  /** Writes, unless it would be lost or make things worse. @throws ProtonFailure `UNAVAILABLE` */
  readonly write: <Answer>(work: (opening: Opening) => Promise<Answer>) => Promise<Answer>;
  readonly health: () => StoreHealth;
  /** The opening as it is now, for work that keeps to it. */
  readonly opening: () => Opening;
  readonly close: () => void;
}

export interface StandingParts {
  readonly opening: Opening;
  /** Opens the file anew, which must be there; undefined for a database in memory, which ends with its opening. */
  readonly reopen: ((thorough: boolean) => Opening) | undefined;
  readonly lockTimeoutMs: number;
  /** Is told when something begins to be wrong with the store, when that turns into something else, and, without it, when all is well again. */
  readonly report: (trouble: StoreError | undefined) => void;
}

/** Between one try to open the file anew and the next, in milliseconds; each time twice as long, for openings are held for good. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** A commit that succeeded so long ago says nothing of the next, in milliseconds. */
const COMMIT_IS_NEWS_MS = 10_000;
const PROBE_PAUSE_MS = 1_000;

/** Troubles of a connection, which another one may not have: it has seen what is no longer so. The others pass by themselves. */
const MENDED_BY_REOPENING: ReadonlySet<StoreErrorKind> = new Set([
  'damaged',
  'failing',
  'read-only',
  'replaced',
  'closed',
]);

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

/**
 * Knows what is wrong with the store, and mends what can be mended without a restart. Whoever asks for something sets it going:
 * it has no timer of its own.
 */
export function standingOf({ opening, reopen, lockTimeoutMs, report }: StandingParts): Standing {
  let current = opening;
  let trouble: StoreError | undefined;
  let committedAt = -Infinity;
  let probedAt = -Infinity;
  let lockedSince: number | undefined;
  let reopenAt = -Infinity;
  let pause = FIRST_PAUSE_MS;
  let closed = false;

  function meet(met: StoreError): void {
    // Only a look at all of the file takes damage back.
    if (trouble?.kind === 'damaged') return;
    const known = trouble?.kind === met.kind;
    trouble = met;
    if (!known) report(met);
  }

  function overcome(): void {
    if (!trouble) return;
    trouble = undefined;
    report(undefined);
  }

  /** @param used the opening that it happened on; one whose place another has taken says no more than that when it is closed */
  function note(error: unknown, used = current): void {
    const met = storeErrorOf(error instanceof ProtonFailure ? error.cause : error);
    if (!met || closed || (met.kind === 'closed' && used !== current)) return;
    meet(met);
  }

  /** Openings are held for good (keep.ts), so that they come ever more seldom while they don't help. */
  function mayReopen(): boolean {
    const now = performance.now();
    if (now < reopenAt) return false;
    pause = now > reopenAt + LONGEST_PAUSE_MS ? FIRST_PAUSE_MS : Math.min(pause * 2, LONGEST_PAUSE_MS);
    reopenAt = now + pause;
    return true;
  }

  function takeUp(reopened: Opening, thorough: boolean): void {
    current = reopened;
    committedAt = -Infinity;
    if (thorough) overcome();
  }

  function mend(): void {
    if (closed || !reopen) return;
    const state = current.files.look();
    if (state === 'gone') {
      meet(new StoreError('gone'));
      return;
    }
    if (state === 'log replaced') {
      meet(new StoreError('log lost'));
      return;
    }
    if (state === 'replaced' && current.files.logIsOurs()) {
      // What our log holds would be written over the new file.
      meet(new StoreError('replaced'));
      return;
    }
    if (state === 'sound' && (!trouble || !MENDED_BY_REOPENING.has(trouble.kind))) return;
    if (!mayReopen()) return;
    try {
      if (state === 'log gone') {
        // Both openings of one file would share what they know of the log, so the old one goes first.
        if (current.isOpen()) current.saveLog();
        current.close();
        takeUp(reopen(false), false);
      } else {
        const previous = current;
        const thorough = state === 'replaced' || trouble?.kind === 'damaged';
        takeUp(reopen(thorough), thorough);
        previous.close();
      }
    } catch (error) {
      meet(storeErrorOf(error) ?? storeErrorOf(causeOf(error)) ?? new StoreError('replaced', error));
    }
  }

  function probe(): void {
    const now = performance.now();
    if (now - probedAt < PROBE_PAUSE_MS) return;
    probedAt = now;
    try {
      current.tryCommitting();
      committedAt = now;
      lockedSince = undefined;
      if (trouble?.kind !== 'damaged') overcome();
    } catch (error) {
      if (!isBusy(error)) {
        note(error);
        return;
      }
      // A lock that others hold for a moment keeps nobody from waiting for it.
      lockedSince ??= now;
      if (now - lockedSince >= lockTimeoutMs) note(error);
    }
  }

  return {
    async read(work) {
      // While nothing is known to be wrong, a read pays nothing.
      if (trouble) mend();
      if (trouble && !current.isOpen()) throw readFailure(trouble);
      const used = current;
      try {
        return await work(used);
      } catch (error) {
        note(error, used);
        throw error;
      }
    },

    async write(work) {
      mend();
      // What is written to a damaged file may damage more of it.
      if (trouble?.kind === 'damaged') throw writeFailure(trouble);
      const used = current;
      try {
        const answer = await work(used);
        // A write that changed nothing has not tried the disk.
        if (trouble) probe();
        else committedAt = performance.now();
        return answer;
      } catch (error) {
        note(error, used);
        throw error;
      }
    },

    health() {
      mend();
      try {
        current.tryReading();
      } catch (error) {
        note(error);
      }
      const proven = performance.now() - committedAt < COMMIT_IS_NEWS_MS;
      if (trouble?.kind !== 'damaged' && (trouble !== undefined || !proven)) probe();
      return trouble
        ? { ok: false, part: trouble.kind === 'newer' ? 'migrations' : 'store', reason: trouble.message }
        : { ok: true };
    },

    opening: () => current,

    close() {
      closed = true;
      current.close();
    },
  };
}
