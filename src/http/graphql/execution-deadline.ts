import type { Ending } from '../../subgraph/ending-session';
import { RequestError } from '../errors';
import type { WaitingClient } from '../serving/waiting-client';

/** The time that a request has for its execution. */
export interface ExecutionDeadline extends Ending {
  /** Aborted when the time is up, or nobody waits for the answer any more. Made when it is first asked for. */
  readonly signal: AbortSignal;
  readonly isOver: () => boolean;
  /**
   * Waits for the work, and no longer than there is time. What is not done by then goes on until its next call on the service.
   * @throws RequestError `EXECUTION_TIMEOUT`
   */
  readonly orOver: <Value>(work: Promise<Value>) => Promise<Value>;
}

/** Starts the clock of one request. */
export function startExecution(client: WaitingClient, timeoutMs: number): ExecutionDeadline {
  let isOver = false;
  let controller: AbortController | undefined;

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

    orOver: (work) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          isOver = true;
          controller?.abort();
          reject(timedOut(timeoutMs));
        }, timeoutMs);
        work.then(resolve, reject).finally(() => {
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
