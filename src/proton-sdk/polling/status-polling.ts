import { setTimeout as delay } from 'node:timers/promises';

import { ProtonFailure } from '../../proton/failure';
import type { AccountId } from '../../proton/identifiers';
import type { StatusChangeSource } from '../../proton/status-changes';
import { accountsToSearch } from '../session-scope';
import { LastLook, type FoundChange } from './last-look';
import { createLooks, type LookOptions, type ReadList } from './look';
import { Watcher } from './watcher';

export interface StatusPollingOptions extends LookOptions {
  /** The accounts that have credentials. */
  readonly accounts: readonly AccountId[];
  /** The pause between two looks, in milliseconds. */
  readonly intervalMs: number;
  /** Receives unexpected errors, after which the watches are ended. */
  readonly reportFault: (error: unknown) => void;
}

/**
 * Finds changes of connections' status by looking at Proton's lists again and again, because AWS's API announces none. What changes
 * twice between two looks is one change.
 */
export interface StatusPolling extends StatusChangeSource {
  /** Ends every watch. */
  readonly close: () => void;
}

/** A watch ends when one of its accounts could not be looked at this many times in a row. */
const MAX_FAILURES = 5;
/** The longest pause while Proton throttles. */
const MAX_PAUSE_MS = 60_000;

/** The pause between two looks is never shorter, however many watchers come, in milliseconds. */
const MIN_PAUSE_MS = 250;
/** How long a look waits for listeners that are busy with its changes, in milliseconds. */
const WAIT_MS = 1_000;

/** An account that Proton throttles. */
interface Rest {
  readonly failure: ProtonFailure;
  /** It is not looked at before this time, of `performance.now()`. */
  readonly until: number;
  /** The pause that ends then, in milliseconds. */
  readonly pauseMs: number;
}

/** Waits for the end of a look that starts later. */
interface PositionRequest {
  readonly accounts: ReadonlySet<AccountId>;
  readonly resolve: (position: number) => void;
  readonly reject: (failure: ProtonFailure) => void;
}

/**
 * One series of looks serves all watchers: their accounts are looked at together, each once. It begins when the first watcher asks for
 * its position, and ends with the last watcher.
 */
export function createStatusPolling({
  accounts,
  intervalMs,
  reportFault,
  ...options
}: StatusPollingOptions): StatusPolling {
  const looks = createLooks({ ...options, report: reportOnce(options.report) });
  const watchers = new Set<Watcher>();
  let requests: PositionRequest[] = [];
  let position = 0;
  let series: Series | undefined;
  /** No look begins before this time, of `performance.now()`, not even that of a new series. */
  let restUntil = 0;
  /** Kept for a new series, too. AWS throttles each account by itself. */
  const rests = new Map<AccountId, Rest>();

  function startSeries(): Series {
    const started: Series = { stopped: new AbortController(), failures: new Map(), wake: () => undefined };
    run(started).catch((error: unknown) => {
      reportFault(error);
      if (series === started) endAll(ProtonFailure.unavailable(NOT_READ, error));
    });
    return started;
  }

  function stopSeries(): void {
    series?.stopped.abort();
    series?.wake();
    series = undefined;
    refuse(requests, NOT_WATCHED);
    requests = [];
  }

  async function run(own: Series): Promise<void> {
    const { signal } = own.stopped;
    const last = new LastLook();
    while (!signal.aborted) {
      const restMs = restUntil - performance.now();
      if (restMs > 0) await delay(restMs, undefined, { signal }).catch(() => undefined);
      if (isAborted(signal)) return;
      restUntil = performance.now() + Math.min(intervalMs, MIN_PAUSE_MS);
      await look(own, last);
      if (!hasRequests() && !isAborted(signal)) await pause(own, intervalMs);
    }
  }

  async function look(own: Series, last: LastLook): Promise<void> {
    const { signal } = own.stopped;
    const asked = requests;
    requests = [];
    try {
      const resting = restingNow();
      const read = await looks.readLists(accountsOf([...watchers, ...asked]), resting, signal);
      const found = await last.compare(read, (missing) => looks.findGone(missing, signal), Date.now());
      if (isAborted(signal)) return;
      const failed = failuresOf(read);
      const taken = announce(found);
      answer(asked, failed);
      restUntil = performance.now() + Math.min(intervalMs, MIN_PAUSE_MS);
      const looked = read.filter(({ source }) => !resting.has(source.accountId));
      rest(looked, failed);
      await withinLimit(taken);
      if (!isAborted(signal)) endWatchers(own, looked);
    } finally {
      // Those that have an answer keep it.
      refuse(asked, NOT_WATCHED);
    }
  }

  /** Why accounts are not looked at now. */
  function restingNow(): ReadonlyMap<AccountId, ProtonFailure> {
    const now = performance.now();
    return new Map([...rests].flatMap(([id, { until, failure }]) => (until > now ? [[id, failure]] : [])));
  }

  /** Decides which accounts the next looks leave out. Who comes to one of them is refused at once: it must not cause a call. */
  function rest(looked: readonly ReadList[], failed: ReadonlyMap<AccountId, ProtonFailure>): void {
    for (const accountId of new Set(looked.map(({ source }) => source.accountId))) {
      const failure = failed.get(accountId);
      const lastMs = rests.get(accountId)?.pauseMs ?? intervalMs;
      rests.delete(accountId);
      if (failure?.code !== 'THROTTLED') continue;
      const pauseMs = Math.max(intervalMs, Math.min(2 * lastMs, MAX_PAUSE_MS));
      rests.set(accountId, { failure, pauseMs, until: performance.now() + pauseMs });
    }
    const resting = restingNow();
    requests = requests.filter(({ accounts: watched, reject }) => {
      const failure = failureIn(watched, resting);
      if (failure) reject(failure);
      return !failure;
    });
  }

  /** A function, because requests come while the caller waits. */
  function hasRequests(): boolean {
    return requests.length > 0;
  }

  /** Resolves when all watchers are done with the changes. */
  async function announce(found: readonly FoundChange[]): Promise<void> {
    if (found.length === 0) return;
    const changes = found.map((change) => ({ ...change, position: (position += 1) }));
    for (const watcher of [...watchers]) {
      if (!watcher.isTooSlow) continue;
      remove(watcher);
      watcher.end(ProtonFailure.unavailable(TOO_SLOW, undefined));
    }
    await Promise.all([...watchers].map((watcher) => watcher.announce(changes)));
  }

  function answer(asked: readonly PositionRequest[], failed: ReadonlyMap<AccountId, ProtonFailure>): void {
    for (const { accounts: watched, resolve, reject } of asked) {
      const failure = failureIn(watched, failed);
      if (failure) reject(failure);
      else resolve(position);
    }
  }

  /** Ends the watchers with an account that could not be looked at too often. */
  function endWatchers({ failures }: Series, read: readonly ReadList[]): void {
    const failed = failuresOf(read);
    for (const { source } of read) if (!failed.has(source.accountId)) failures.delete(source.accountId);
    for (const accountId of failed.keys()) failures.set(accountId, (failures.get(accountId) ?? 0) + 1);
    const lost = new Map([...failed].filter(([accountId]) => (failures.get(accountId) ?? 0) >= MAX_FAILURES));
    for (const watcher of [...watchers]) {
      const failure = failureIn(watcher.accounts, lost);
      if (!failure) continue;
      remove(watcher);
      watcher.end(failure);
    }
  }

  function endAll(failure: ProtonFailure): void {
    stopSeries();
    const ended = [...watchers];
    watchers.clear();
    for (const watcher of ended) watcher.end(failure);
  }

  function remove(watcher: Watcher): void {
    watchers.delete(watcher);
    if (watchers.size === 0) stopSeries();
  }

  return {
    watchStatusChanges(viewer, listener) {
      const watcher = new Watcher(listener, accountsToSearch(viewer, accounts), reportFault);
      watchers.add(watcher);
      return {
        position: () =>
          new Promise((resolve, reject) => {
            if (!watchers.has(watcher)) {
              reject(NOT_WATCHED);
              return;
            }
            const failure = failureIn(watcher.accounts, restingNow());
            if (failure) {
              reject(failure);
              return;
            }
            requests.push({ accounts: watcher.accounts, resolve, reject });
            series ??= startSeries();
            series.wake();
          }),
        stop() {
          watcher.stop();
          remove(watcher);
        },
      };
    },
    close() {
      endAll(NOT_WATCHED);
    },
  };
}

interface Series {
  readonly stopped: AbortController;
  /** How many times in a row an account could not be looked at. */
  readonly failures: Map<AccountId, number>;
  /** Ends the pause. */
  wake: () => void;
}

const NOT_WATCHED = ProtonFailure.unavailable('The connections are not watched any more.', undefined);

const NOT_READ = 'The changes could not be read. Subscribe again.';
const TOO_SLOW = 'Too many changes wait to be delivered. Subscribe again.';

function refuse(requests: readonly PositionRequest[], failure: ProtonFailure): void {
  for (const { reject } of requests) reject(failure);
}

/** A function, because the compiler does not know that the signal changes while its caller waits. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function accountsOf(groups: readonly Pick<Watcher, 'accounts'>[]): ReadonlySet<AccountId> {
  return new Set(groups.flatMap(({ accounts }) => [...accounts]));
}

function failureIn(
  accounts: ReadonlySet<AccountId>,
  failed: ReadonlyMap<AccountId, ProtonFailure>,
): ProtonFailure | undefined {
  for (const [accountId, failure] of failed) if (accounts.has(accountId)) return failure;
  return undefined;
}

/** One failure for each account with a list that could not be read. */
function failuresOf(read: readonly ReadList[]): ReadonlyMap<AccountId, ProtonFailure> {
  const failures = new Map<AccountId, ProtonFailure>();
  for (const { source, result } of read) {
    if (!(result instanceof Error)) continue;
    failures.set(
      source.accountId,
      result instanceof ProtonFailure
        ? result
        : ProtonFailure.unavailable("Proton can't be reached, or can't answer. Try again later.", result),
    );
  }
  return failures;
}

/** How long the same failure is not reported again: looks fail every few seconds while Proton does. */
const REPORT_INTERVAL_MS = 60_000;

function reportOnce(report: LookOptions['report']): LookOptions['report'] {
  const reportedAt = new Map<string, number>();
  return (failedCall) => {
    const key = `${failedCall.accountId} ${failedCall.region} ${failedCall.errorName}`;
    const now = performance.now();
    if (now - (reportedAt.get(key) ?? -Infinity) < REPORT_INTERVAL_MS) return;
    reportedAt.set(key, now);
    report(failedCall);
  };
}

/** Waits for listeners, but not for long: one that is slow must not keep the next changes from the others. */
async function withinLimit(taken: Promise<void>): Promise<void> {
  const over = new AbortController();
  const limit = delay(WAIT_MS, undefined, { signal: over.signal, ref: false }).catch(() => undefined);
  await Promise.race([taken, limit]);
  over.abort();
}

/** Waits, until the time is over or there is something to do. */
function pause(series: Series, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    series.wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}
