import { ProtonFailure } from '../../proton/failure';
import type { AccountId } from '../../proton/identifiers';
import type { StatusChangeListener, StatusChangeSource } from '../../proton/status-changes';
import { accountsToSearch } from '../session-scope';
import { LastLook, type FoundChange } from './last-look';
import { createLooks, type LookOptions, type ReadList } from './look';

export interface StatusPollingOptions extends LookOptions {
  /** The accounts that have credentials. */
  readonly accounts: readonly AccountId[];
  /** The pause between two looks, in milliseconds. */
  readonly intervalMs: number;
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

/** Who watches, with the accounts where that viewer's connections are found. */
interface Watcher {
  readonly listener: StatusChangeListener;
  readonly accounts: ReadonlySet<AccountId>;
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
  ...options
}: StatusPollingOptions): StatusPolling {
  const looks = createLooks({ ...options, report: reportOnce(options.report) });
  const watchers = new Set<Watcher>();
  let requests: PositionRequest[] = [];
  let position = 0;
  let series: Series | undefined;

  function startSeries(): Series {
    const started: Series = { stopped: new AbortController(), failures: new Map(), wake: () => undefined };
    void look(started);
    return started;
  }

  function stopSeries(): void {
    series?.stopped.abort();
    series?.wake();
    series = undefined;
    refuse(requests, NOT_WATCHED);
    requests = [];
  }

  async function look(own: Series): Promise<void> {
    const { signal } = own.stopped;
    const last = new LastLook();
    let pauseMs = intervalMs;
    while (!signal.aborted) {
      const asked = requests;
      requests = [];
      const read = await looks.readLists(accountsOf([...watchers, ...asked]), signal);
      const found = await last.compare(read, (missing) => looks.findGone(missing, signal), Date.now());
      const failed = failuresOf(read);
      if (isAborted(signal)) refuse(asked, NOT_WATCHED);
      else {
        await announce(found);
        answer(asked, failed);
        endWatchers(own, read, failed);
        const isThrottled = [...failed.values()].some(({ code }) => code === 'THROTTLED');
        pauseMs = isThrottled ? Math.max(intervalMs, Math.min(2 * pauseMs, MAX_PAUSE_MS)) : intervalMs;
        if (!hasRequests() && !isAborted(signal)) await pause(own, pauseMs);
      }
    }
  }

  /** A function, because requests come while the caller waits. */
  function hasRequests(): boolean {
    return requests.length > 0;
  }

  async function announce(found: readonly FoundChange[]): Promise<void> {
    if (found.length === 0) return;
    const changes = found.map((change) => ({ ...change, position: (position += 1) }));
    await Promise.all([...watchers].map(async ({ listener }) => listener.changed(changes)));
  }

  function answer(asked: readonly PositionRequest[], failed: ReadonlyMap<AccountId, ProtonFailure>): void {
    for (const { accounts: watched, resolve, reject } of asked) {
      const failure = failureIn(watched, failed);
      if (failure) reject(failure);
      else resolve(position);
    }
  }

  /** Ends the watchers with an account that could not be looked at too often. */
  function endWatchers(
    { failures }: Series,
    read: readonly ReadList[],
    failed: ReadonlyMap<AccountId, ProtonFailure>,
  ): void {
    for (const { source } of read) if (!failed.has(source.accountId)) failures.delete(source.accountId);
    for (const accountId of failed.keys()) failures.set(accountId, (failures.get(accountId) ?? 0) + 1);
    const lost = new Map([...failed].filter(([accountId]) => (failures.get(accountId) ?? 0) >= MAX_FAILURES));
    for (const watcher of [...watchers]) {
      const failure = failureIn(watcher.accounts, lost);
      if (!failure) continue;
      remove(watcher);
      watcher.listener.ended(failure);
    }
  }

  function remove(watcher: Watcher): void {
    watchers.delete(watcher);
    if (watchers.size === 0) stopSeries();
  }

  return {
    watchStatusChanges(viewer, listener) {
      const watcher: Watcher = { listener, accounts: accountsToSearch(viewer, accounts) };
      watchers.add(watcher);
      return {
        position: () =>
          new Promise((resolve, reject) => {
            if (!watchers.has(watcher)) {
              reject(NOT_WATCHED);
              return;
            }
            requests.push({ accounts: watcher.accounts, resolve, reject });
            series ??= startSeries();
            series.wake();
          }),
        stop() {
          remove(watcher);
        },
      };
    },
    close() {
      stopSeries();
      const ended = [...watchers];
      watchers.clear();
      for (const { listener } of ended) listener.ended(NOT_WATCHED);
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
