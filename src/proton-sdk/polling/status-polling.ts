import { ProtonFailure } from '../../proton/failure';
import type { AccountId } from '../../proton/identifiers';
import type { StatusChangeListener } from '../../proton/status-changes';
import type { Viewer } from '../../proton/viewer';
import { accountsToSearch } from '../session-scope';
import { LastLook } from './last-look';
import { createLooks, type LookOptions, type ReadList } from './look';

export interface StatusPollingOptions extends LookOptions {
  /** The accounts that have credentials. */
  readonly accounts: readonly AccountId[];
  /** The pause between two looks, in milliseconds. */
  readonly intervalMs: number;
}

/** Finds changes of connections' status by looking at Proton's lists again and again, because AWS's API announces none. */
export interface StatusPolling {
  /**
   * Resolves once the listener will hear of every later change. It hears of no earlier one. What changes twice between two looks is
   * one change.
   * @returns a function that ends it
   * @throws ProtonFailure if Proton's lists can't be read
   */
  readonly watch: (viewer: Viewer, listener: StatusChangeListener) => Promise<() => void>;
  /** Ends all. */
  readonly close: () => void;
}

/** A subscription ends when one of its accounts could not be looked at this many times in a row. */
const MAX_FAILURES = 5;
/** The longest pause while Proton throttles. */
const MAX_PAUSE_MS = 60_000;

interface Watcher {
  readonly listener: StatusChangeListener;
  readonly accounts: ReadonlySet<AccountId>;
  /** Settles when the first look since the watcher came has ended; undefined after that. */
  starting: { readonly resolve: () => void; readonly reject: (failure: Error) => void } | undefined;
}

/**
 * One series of looks serves all watchers: their accounts are looked at together, each once. There is none while there is no watcher.
 */
export function createStatusPolling({
  accounts,
  intervalMs,
  ...options
}: StatusPollingOptions): StatusPolling {
  /** Failures that were reported, until a look succeeds. */
  const reported = new Set<string>();
  const looks = createLooks({
    ...options,
    report(report) {
      const key = `${report.accountId} ${report.region} ${report.errorName}`;
      if (reported.has(key)) return;
      reported.add(key);
      options.report(report);
    },
  });
  const watchers = new Set<Watcher>();
  let series: { readonly stopped: AbortController; wake: () => void } | undefined;

  function watch(viewer: Viewer, listener: StatusChangeListener): Promise<() => void> {
    const watcher: Watcher = {
      listener,
      accounts: accountsToSearch(viewer, accounts),
      starting: undefined,
    };
    const started = new Promise<void>((resolve, reject) => {
      watcher.starting = { resolve, reject };
    });
    watchers.add(watcher);
    if (series) series.wake();
    else void startSeries();
    return started.then(() => () => {
      remove(watcher);
    });
  }

  function remove(watcher: Watcher): void {
    watchers.delete(watcher);
    if (watchers.size === 0) stopSeries();
  }

  function stopSeries(): void {
    series?.stopped.abort();
    series?.wake();
    series = undefined;
  }

  async function startSeries(): Promise<void> {
    const stopped = new AbortController();
    const own = { stopped, wake: (): void => undefined };
    series = own;
    const { signal } = stopped;
    const last = new LastLook();
    const failures = new Map<AccountId, number>();
    let pauseMs = intervalMs;
    while (!signal.aborted) {
      const present = [...watchers];
      const read = await looks.readLists(accountsOf(present), signal);
      const changes = await last.compare(read, (missing) => looks.findGone(missing, signal), Date.now());
      if (isAborted()) return;
      if (changes.length > 0)
        for (const { starting, listener } of present) if (!starting) listener.changed(changes);
      const failed = failuresOf(read);
      for (const accountId of accountsOf(present)) {
        if (failed.has(accountId)) failures.set(accountId, (failures.get(accountId) ?? 0) + 1);
        else failures.delete(accountId);
      }
      for (const watcher of present) settle(watcher, failed, failures);
      if (failed.size === 0) reported.clear();
      const isThrottled = [...failed.values()].some(({ code }) => code === 'THROTTLED');
      pauseMs = isThrottled ? Math.max(intervalMs, Math.min(2 * pauseMs, MAX_PAUSE_MS)) : intervalMs;
      if ([...watchers].some(({ starting }) => starting)) continue;
      await pause(own, pauseMs);
    }

    // A method, because the compiler does not know that the signal changes while the function waits.
    function isAborted(): boolean {
      return signal.aborted;
    }
  }

  /** Accepts a watcher after its first look, or ends it when one of its accounts can't be looked at. */
  function settle(
    watcher: Watcher,
    failed: ReadonlyMap<AccountId, ProtonFailure>,
    failures: ReadonlyMap<AccountId, number>,
  ): void {
    if (!watchers.has(watcher)) return;
    const { starting, listener } = watcher;
    watcher.starting = undefined;
    for (const [accountId, failure] of failed) {
      if (!watcher.accounts.has(accountId)) continue;
      if (!starting && (failures.get(accountId) ?? 0) < MAX_FAILURES) continue;
      remove(watcher);
      if (starting) starting.reject(failure);
      else listener.ended(failure);
      return;
    }
    starting?.resolve();
  }

  return {
    watch,
    close() {
      stopSeries();
      for (const { starting, listener } of [...watchers]) {
        const failure = ProtonFailure.unavailable('The service is shutting down.', undefined);
        if (starting) starting.reject(failure);
        else listener.ended(failure);
      }
      watchers.clear();
    },
  };
}

function accountsOf(watchers: readonly Watcher[]): ReadonlySet<AccountId> {
  return new Set(watchers.flatMap(({ accounts }) => [...accounts]));
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

/** Waits, or until there is something to do. */
function pause(series: { wake: () => void }, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    series.wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}
