import { ProtonFailure } from '../../proton/failure';
import { mapFailure } from '../../proton/proton-service';
import type { StoreHealth } from '../store';
import type { DatabaseHandle } from './database-handle';
import { readFailure, writeFailure } from '../store-errors';
import { isBusy, SqliteStoreError, storeErrorOf, type StoreErrorKind } from './errors';

/** A database handle that knows what is wrong with the store, and opens the file again where that can fix it. */
export interface ReopeningHandle {
  /**
   * Runs a read that returns a value or a promise, while anything can still be read, and returns the same.
   * @throws ProtonFailure `UNAVAILABLE`
   */
  readonly read: <Returned>(work: (handle: DatabaseHandle) => Returned) => Returned;
  /** Runs a write, unless it could be lost or do damage. @throws ProtonFailure `UNAVAILABLE` */
  readonly write: <Result>(work: (handle: DatabaseHandle) => Promise<Result>) => Promise<Result>;
  readonly health: () => StoreHealth;
  /** The current handle, for work that must stay on one handle. */
  readonly current: () => DatabaseHandle;
  readonly close: () => void;
}

export interface ReopeningOptions {
  readonly handle: DatabaseHandle;
  /** Opens the existing file again. Undefined for a database in memory, which ends with its handle. */
  readonly reopen: ((fullCheck: boolean) => DatabaseHandle) | undefined;
  readonly lockTimeoutMs: number;
  /** Receives each new kind of error once, and undefined when the store is available again. */
  readonly report: (error: SqliteStoreError | undefined) => void;
}

/** Between two attempts to open the file again, in milliseconds. The pause doubles each time, because handles are never freed. */
const FIRST_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 60_000;
/** How long a successful commit proves that the disk can be written, in milliseconds. */
const COMMIT_PROVES_MS = 10_000;
const PROBE_PAUSE_MS = 1_000;

/** Errors that may belong to the connection and not to the file, so that a new connection can fix them. The others end by themselves. */
const FIXED_BY_REOPENING: ReadonlySet<StoreErrorKind> = new Set([
  'damaged',
  'failing',
  'read-only',
  'replaced',
  'closed',
]);

/** Reads, writes and health checks trigger reopening: there is no timer. */
export function createReopeningHandle({
  handle,
  reopen,
  lockTimeoutMs,
  report,
}: ReopeningOptions): ReopeningHandle {
  let current = handle;
  let storeError: SqliteStoreError | undefined;
  let committedAt = -Infinity;
  let probedAt = -Infinity;
  let lockedSince: number | undefined;
  let reopenAt = -Infinity;
  let pause = FIRST_PAUSE_MS;
  let closed = false;

  function setError(error: SqliteStoreError): void {
    // Only a check of the whole file clears damage.
    if (storeError?.kind === 'damaged') return;
    const isKnown = storeError?.kind === error.kind;
    storeError = error;
    if (!isKnown) report(error);
  }

  function clearError(): void {
    if (!storeError) return;
    storeError = undefined;
    report(undefined);
  }

  /** @param used the handle that failed; `closed` is no error of the store when the handle has been replaced */
  function recordFailure(error: unknown, used = current): void {
    const found = storeErrorOf(error instanceof ProtonFailure ? error.cause : error);
    if (!found || closed || (found.kind === 'closed' && used !== current)) return;
    setError(found);
  }

  function mayReopen(): boolean {
    const now = performance.now();
    if (now < reopenAt) return false;
    pause = now > reopenAt + MAX_PAUSE_MS ? FIRST_PAUSE_MS : Math.min(pause * 2, MAX_PAUSE_MS);
    reopenAt = now + pause;
    return true;
  }

  function replaceHandle(reopened: DatabaseHandle, fullCheck: boolean): void {
    current = reopened;
    committedAt = -Infinity;
    if (fullCheck) clearError();
  }

  function reopenIfUseful(): void {
    if (closed || !reopen) return;
    const state = current.files.state();
    if (state === 'gone') {
      setError(new SqliteStoreError('gone'));
      return;
    }
    if (state === 'log replaced') {
      setError(new SqliteStoreError('log lost'));
      return;
    }
    if (state === 'replaced' && current.files.isLogOurs()) {
      // SQLite would write what our log holds over the new file.
      setError(new SqliteStoreError('replaced'));
      return;
    }
    if (state === 'unchanged' && (!storeError || !FIXED_BY_REOPENING.has(storeError.kind))) return;
    if (!mayReopen()) return;
    try {
      if (state === 'log gone') {
        // Two connections to one file in one process share the log's index in memory, so the old one is closed first.
        if (current.isOpen()) current.saveLog();
        current.close();
        replaceHandle(reopen(false), false);
      } else {
        const previous = current;
        const fullCheck = state === 'replaced' || storeError?.kind === 'damaged';
        replaceHandle(reopen(fullCheck), fullCheck);
        previous.close();
      }
    } catch (error) {
      setError(
        storeErrorOf(error) ?? storeErrorOf(causeOf(error)) ?? new SqliteStoreError('replaced', error),
      );
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
      if (storeError?.kind !== 'damaged') clearError();
    } catch (error) {
      if (!isBusy(error)) {
        recordFailure(error);
        return;
      }
      // Writes wait for a lock, so only one that outlasts their timeout counts.
      lockedSince ??= now;
      if (now - lockedSince >= lockTimeoutMs) recordFailure(error);
    }
  }

  return {
    read(work) {
      // While no error is known, a read costs nothing extra.
      if (storeError) reopenIfUseful();
      if (storeError && !current.isOpen()) throw readFailure(storeError);
      const used = current;
      return mapFailure(
        () => work(used),
        (error) => {
          recordFailure(error, used);
          return error;
        },
      );
    },

    async write(work) {
      reopenIfUseful();
      // Writing to a damaged file may damage more of it.
      if (storeError?.kind === 'damaged') throw writeFailure(storeError);
      const used = current;
      try {
        const result = await work(used);
        // A write that changed nothing did not reach the disk, so it does not clear an error.
        if (storeError) probe();
        else committedAt = performance.now();
        return result;
      } catch (error) {
        recordFailure(error, used);
        throw error;
      }
    },

    health() {
      reopenIfUseful();
      try {
        current.tryReading();
      } catch (error) {
        recordFailure(error);
      }
      const isProven = performance.now() - committedAt < COMMIT_PROVES_MS;
      if (storeError?.kind !== 'damaged' && (storeError !== undefined || !isProven)) probe();
      return storeError
        ? {
            ok: false,
            part: storeError.kind === 'newer' ? 'migrations' : 'store',
            reason: storeError.message,
          }
        : { ok: true };
    },

    current: () => current,

    close() {
      closed = true;
      current.close();
    },
  };
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
