import type { RequestEnd } from '../../subgraph/context';
import { RequestError } from '../../graphql/request-error';
import { overloaded } from '../errors';
import type { ClientDisconnect } from '../lifecycle/response-end';

/** The time that a request has for its execution, and before it to come to its turn. */
export interface ExecutionDeadline extends RequestEnd {
  /** Aborted when the time is up, or nobody waits for the answer any more. Made when it is first asked for. */
  readonly signal: AbortSignal;
  readonly isOver: () => boolean;
  /**
   * Goes right before the execution, whose time it begins.
   * @throws RequestError `OVERLOADED` where the request has waited for as long as an execution may take
   */
  readonly begin: (cost: number) => Promise<void>;
  /**
   * Waits for the work, and no longer than there is time. What is not done by then goes on until its next call on the service.
   * @throws RequestError `EXECUTION_TIMEOUT`, or `OVERLOADED` where it had not begun
   */
  readonly orOver: <Value>(work: Promise<Value>) => Promise<Value>;
}

export interface DeadlineOptions {
  readonly timeoutMs: number;
  /** When the request was there, by the clock of `performance.now()`. */
  readonly since: number;
  /** Resolves when it is the turn of a document that is dear. */
  readonly turn: () => Promise<void>;
}

/** What costs as much keeps the event loop for some 10 ms: few enough for others to wait, too many where hundreds come at once. */
const DEAR = 100;

/**
 * Starts the clock of one request.
 * @throws RequestError `OVERLOADED` where it has waited too long already
 */
export function createExecutionDeadline(
  client: ClientDisconnect,
  { timeoutMs, since, turn }: DeadlineOptions,
): ExecutionDeadline {
  /** Since when the request waits, or is executed. */
  let from = since;
  let hasBegun = false;
  let isOver = false;
  let controller: AbortController | undefined;
  let timer: NodeJS.Timeout | undefined;
  let giveUp: (error: RequestError) => void = () => undefined;

  const isLate = () => performance.now() - from >= timeoutMs;
  const lateness = () => (hasBegun ? timedOut(timeoutMs) : overloaded());

  function startTimer(): void {
    timer = setTimeout(
      () => {
        isOver = true;
        controller?.abort();
        giveUp(lateness());
      },
      Math.max(0, timeoutMs - (performance.now() - from)),
    );
  }

  if (isLate()) throw overloaded();
  return {
    isOver: () => isOver || controller?.signal.aborted === true,

    get signal() {
      if (controller) return controller.signal;
      const made = (controller = new AbortController());
      const abort = () => {
        made.abort();
      };
      if (isOver || client.signal.aborted) abort();
      else client.signal.addEventListener('abort', abort, { once: true });
      return made.signal;
    },

    async begin(cost) {
      if (cost >= DEAR) await turn();
      // The timer may not have come to its turn either.
      if (isOver || isLate()) throw overloaded();
      hasBegun = true;
      from = performance.now();
      clearTimeout(timer);
      startTimer();
    },

    orOver: (work) =>
      new Promise((resolve, reject) => {
        giveUp = reject;
        startTimer();
        work
          .then((value) => {
            // What kept the event loop kept the timer too.
            if (hasBegun && isLate()) reject(timedOut(timeoutMs));
            else resolve(value);
          }, reject)
          .finally(() => {
            clearTimeout(timer);
          });
      }),
  };
}

function timedOut(timeoutMs: number): RequestError {
  return new RequestError(
    504,
    'EXECUTION_TIMEOUT',
    `The request was given up after ${String(timeoutMs)} ms. A write in it may have been carried out all the same: look before you repeat it, or repeat it with the same client token.`,
  );
}

/** Turns of the event loop at most between one turn and the next. */
const LONGEST_PAUSE = 512;

/**
 * Gives out turns to begin dear work, in the order in which they are asked for. Whoever comes in between with little to ask for is
 * answered in between: for each millisecond that the last work kept the event loop, that may turn once before the next. One turn
 * would not do, for Node takes one new connection in each, so that of those who come at once most would not even be seen to wait.
 * @returns resolves when the turn has come
 */
export function createExecutionQueue(): () => Promise<void> {
  const waiting: (() => void)[] = [];
  let isRunning = false;
  let pause = 0;

  function begin(): void {
    if (pause > 0) {
      pause -= 1;
      setImmediate(begin);
      return;
    }
    const give = waiting.shift();
    isRunning = give !== undefined;
    if (!give) return;
    give();
    const begunAt = performance.now();
    setImmediate(() => {
      pause = Math.min(LONGEST_PAUSE, Math.floor(performance.now() - begunAt));
      begin();
    });
  }

  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (!isRunning) setImmediate(begin);
      isRunning = true;
    });
}
