import type { RequestEnd } from '../../subgraph/context';
import { RequestError } from '../../graphql/request-error';
import { overloaded } from '../errors';
import type { ClientDisconnect } from '../lifecycle/response-end';

/** Limits how long a request may wait for its execution, and then how long the execution may take. */
export interface ExecutionDeadline extends RequestEnd {
  /** Aborted when the time is up or the client disconnects. Created on first use. */
  readonly signal: AbortSignal;
  readonly isOver: () => boolean;
  /**
   * Called right before execution. Expensive documents wait here for their turn. Then the time of the execution starts.
   * @throws RequestError `OVERLOADED` if the request has waited longer than an execution may take
   */
  readonly waitToExecute: (cost: number) => Promise<void>;
  /**
   * Waits for the work, at most until the deadline. Work that is not done by then continues until its next call to the service.
   * @throws RequestError `EXECUTION_TIMEOUT`, or `OVERLOADED` if the execution had not started
   */
  readonly race: <Value>(work: Promise<Value>) => Promise<Value>;
}

export interface DeadlineOptions {
  readonly timeoutMs: number;
  /** When the request had arrived, from `performance.now()`. */
  readonly receivedAt: number;
  /** Resolves when an expensive document may be executed. */
  readonly waitForTurn: () => Promise<void>;
}

/**
 * A document of this cost blocks the event loop for about 10 ms: short enough for other requests to wait, too long when hundreds
 * arrive at once.
 */
const EXPENSIVE_COST = 100;

/**
 * Starts the deadline of one request.
 * @throws RequestError `OVERLOADED` if the request has waited too long already
 */
export function createExecutionDeadline(
  client: ClientDisconnect,
  { timeoutMs, receivedAt, waitForTurn }: DeadlineOptions,
): ExecutionDeadline {
  /** When the request started to wait, then when its execution started. */
  let startedAt = receivedAt;
  let isExecuting = false;
  let isOver = false;
  let controller: AbortController | undefined;
  let timer: NodeJS.Timeout | undefined;
  let rejectRace: (error: RequestError) => void = () => undefined;

  const isLate = () => performance.now() - startedAt >= timeoutMs;
  const timeoutError = () => (isExecuting ? executionTimeout(timeoutMs) : overloaded());

  function startTimer(): void {
    timer = setTimeout(
      () => {
        isOver = true;
        controller?.abort();
        rejectRace(timeoutError());
      },
      Math.max(0, timeoutMs - (performance.now() - startedAt)),
    );
  }

  if (isLate()) throw overloaded();
  return {
    isOver: () => isOver || controller?.signal.aborted === true,

    get signal() {
      if (controller) return controller.signal;
      const created = (controller = new AbortController());
      const abort = () => {
        created.abort();
      };
      if (isOver || client.signal.aborted) abort();
      else client.signal.addEventListener('abort', abort, { once: true });
      return created.signal;
    },

    async waitToExecute(cost) {
      if (cost >= EXPENSIVE_COST) await waitForTurn();
      // Checks the time too: a blocked event loop delays the timer.
      if (isOver || isLate()) throw overloaded();
      isExecuting = true;
      startedAt = performance.now();
      clearTimeout(timer);
      startTimer();
    },

    race: (work) =>
      new Promise((resolve, reject) => {
        rejectRace = reject;
        startTimer();
        work
          .then((value) => {
            // Work that blocked the event loop also delayed the timer.
            if (isExecuting && isLate()) reject(executionTimeout(timeoutMs));
            else resolve(value);
          }, reject)
          .finally(() => {
            clearTimeout(timer);
          });
      }),
  };
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
export function createExecutionQueue(): () => Promise<void> {
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
