import type { ServerResponse } from 'node:http';

import type { RequestEnd } from '../../subgraph/context';
import { RequestError } from '../../graphql/request-error';
import { overloaded } from '../errors';
import { watchDisconnect, type ClientDisconnect } from '../lifecycle/response-end';
import { SharedTimeouts, type SharedTimeout } from '../lifecycle/shared-timeouts';

/**
 * A document of this cost blocks the event loop for about 10 ms: short enough for other requests to wait, too long when hundreds
 * arrive at once.
 */
const EXPENSIVE_COST = 100;

/** What the deadlines of all requests share. */
interface SharedParts {
  readonly timeoutMs: number;
  readonly timeouts: SharedTimeouts;
  /** Resolves when an expensive document may be executed. */
  readonly waitForTurn: () => Promise<void>;
}

/** Limits how long a request may wait for its execution, and then how long the execution may take. */
export class ExecutionDeadline implements RequestEnd {
  /** When the request started to wait, then when its execution started. */
  private startedAt: number;
  private isExecuting = false;
  private hasTimedOut = false;
  private controller: AbortController | undefined;
  private timeout: SharedTimeout | undefined;
  /** While the request waits, because part of its time has passed. */
  private waitTimer: NodeJS.Timeout | undefined;
  private rejectRace: ((error: RequestError) => void) | undefined;

  /**
   * @param receivedAt when the request had arrived, from `performance.now()`
   * @throws RequestError `OVERLOADED` if the request has waited too long already
   */
  constructor(
    private readonly response: ServerResponse,
    receivedAt: number,
    private readonly shared: SharedParts,
  ) {
    this.startedAt = receivedAt;
    if (this.isLate()) throw overloaded();
  }

  readonly isOver = (): boolean => this.hasTimedOut || this.controller?.signal.aborted === true;

  /** Aborted when the time is up or the client disconnects. Created on first use. */
  get signal(): AbortSignal {
    if (this.controller) return this.controller.signal;
    const controller = (this.controller = new AbortController());
    const abort = () => {
      controller.abort();
    };
    const client: ClientDisconnect = watchDisconnect(this.response);
    if (this.hasTimedOut || client.signal.aborted) abort();
    else client.signal.addEventListener('abort', abort, { once: true });
    return controller.signal;
  }

  /**
   * Called right before execution. Expensive documents wait here for their turn; others continue at once. Then the time of the
   * execution starts.
   * @throws RequestError `OVERLOADED` if the request has waited longer than an execution may take
   */
  waitToExecute(cost: number): Promise<void> | undefined {
    if (cost >= EXPENSIVE_COST) {
      return this.shared.waitForTurn().then(() => {
        this.startExecution();
      });
    }
    this.startExecution();
    return undefined;
  }

  /**
   * Waits for the work, at most until the deadline. Work that is not done by then continues until its next call to the service.
   * @throws RequestError `EXECUTION_TIMEOUT`, or `OVERLOADED` if the execution had not started
   */
  race<Value>(work: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.rejectRace = reject;
      this.startTimeout();
      work
        .then((value) => {
          this.refuseLateResult();
          resolve(value);
        })
        .catch(reject)
        .finally(() => {
          this.clearTimeouts();
        });
    });
  }

  /**
   * Work that blocked the event loop also delayed the timer.
   * @throws RequestError `EXECUTION_TIMEOUT`
   */
  refuseLateResult(): void {
    if (this.isExecuting && this.isLate()) throw executionTimeout(this.shared.timeoutMs);
  }

  private startExecution(): void {
    // Checks the time too: a blocked event loop delays the timer.
    if (this.hasTimedOut || this.isLate()) throw overloaded();
    this.isExecuting = true;
    this.startedAt = performance.now();
    if (this.rejectRace) this.startTimeout();
  }

  private isLate(): boolean {
    return performance.now() - this.startedAt >= this.shared.timeoutMs;
  }

  private startTimeout(): void {
    const { timeouts, timeoutMs } = this.shared;
    this.clearTimeouts();
    const onTimeout = () => {
      this.hasTimedOut = true;
      this.controller?.abort();
      this.rejectRace?.(this.isExecuting ? executionTimeout(timeoutMs) : overloaded());
    };
    if (this.isExecuting) this.timeout = timeouts.start(onTimeout);
    else this.waitTimer = setTimeout(onTimeout, timeoutMs - (performance.now() - this.startedAt));
  }

  private clearTimeouts(): void {
    this.timeout?.clear();
    clearTimeout(this.waitTimer);
  }
}

/** @returns a function that starts the deadline of one request */
export function createExecutionDeadlines(
  timeoutMs: number,
): (response: ServerResponse, receivedAt: number) => ExecutionDeadline {
  const shared = { timeoutMs, timeouts: new SharedTimeouts(timeoutMs), waitForTurn: createExecutionQueue() };
  return (response, receivedAt) => new ExecutionDeadline(response, receivedAt, shared);
}

function executionTimeout(timeoutMs: number): RequestError {
  return new RequestError(
    504,
    'EXECUTION_TIMEOUT',
    `The request was given up after ${String(timeoutMs)} ms. A write in it may have been carried out all the same: look before you repeat it, or repeat it with the same client token.`,
  );
}

/** The most turns of the event loop between two expensive executions. */
const MAX_PAUSE = 512;

/**
 * Creates a queue for expensive executions, in order of arrival. Between two of them the event loop turns once for each millisecond
 * that the last one blocked it, so that cheap requests are served in between. One turn would not be enough: Node accepts one new
 * connection per turn, so most of the clients that connect at the same time would have to wait for several executions.
 * @returns a function whose promise resolves when it is the caller's turn
 */
function createExecutionQueue(): () => Promise<void> {
  const waiting: (() => void)[] = [];
  let isRunning = false;
  let pause = 0;

  function next(): void {
    if (pause > 0) {
      pause -= 1;
      setImmediate(next);
      return;
    }
    const startTurn = waiting.shift();
    isRunning = startTurn !== undefined;
    if (!startTurn) return;
    startTurn();
    const startedAt = performance.now();
    setImmediate(() => {
      pause = Math.min(MAX_PAUSE, Math.floor(performance.now() - startedAt));
      next();
    });
  }

  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (!isRunning) setImmediate(next);
      isRunning = true;
    });
}
