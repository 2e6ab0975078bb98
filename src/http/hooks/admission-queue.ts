import { memoryBudget, type MemoryBudget } from '../body/body-budget';

/** A request's place among the requests in flight, or in the queue. */
export interface Slot {
  /** Whether the request may proceed; otherwise it waits for its turn. */
  readonly isInFlight: () => boolean;
  /** Frees the place. Calling it again does nothing. */
  readonly leave: () => void;
}

/** Limits how many requests are in flight at a time, and how many wait. All servers of a process share one. */
export interface Admission {
  /** Whether even the queue is full. */
  readonly isFull: () => boolean;
  /**
   * Takes a slot. Returns undefined if even the queue is full.
   * @param onTurn called once when the request's turn comes, if it had to wait
   * @param bytes size of the request's body
   */
  readonly enter: (onTurn: () => void, bytes?: number) => Slot | undefined;
  readonly counts: () => { readonly inFlight: number; readonly waiting: number };
}

interface Entry {
  readonly onTurn: () => void;
  readonly bytes: number;
  state: 'waiting' | 'in flight' | 'gone';
}

/**
 * @param max requests in flight; as many again may wait
 * @param budget limits for the total body bytes. A larger body is admitted when it is the only one.
 */
export function createAdmission(
  max: number,
  budget: Pick<MemoryBudget, 'inFlight' | 'waiting'> = memoryBudget(),
): Admission {
  let inFlight = 0;
  let bytesInFlight = 0;
  /** In order of arrival. A request that gives up is removed at once, so that others do not wait behind it. */
  const queue = new Set<Entry>();
  let bytesWaiting = 0;

  function removeFromQueue(entry: Entry): void {
    queue.delete(entry);
    bytesWaiting -= entry.bytes;
  }

  function fits({ bytes }: Entry): boolean {
    return inFlight < max && (bytes === 0 || bytesInFlight === 0 || bytesInFlight + bytes <= budget.inFlight);
  }

  function start(entry: Entry): void {
    entry.state = 'in flight';
    inFlight += 1;
    bytesInFlight += entry.bytes;
  }

  /** Small requests may pass a large one for which there is not enough memory yet. */
  function startNext(): void {
    for (const entry of queue) {
      if (inFlight >= max) return;
      if (!fits(entry)) continue;
      removeFromQueue(entry);
      start(entry);
      entry.onTurn();
    }
  }

  function leave(entry: Entry): void {
    const { state } = entry;
    entry.state = 'gone';
    if (state === 'waiting') removeFromQueue(entry);
    if (state !== 'in flight') return;
    inFlight -= 1;
    bytesInFlight -= entry.bytes;
    startNext();
  }

  return {
    isFull: () => inFlight >= max && queue.size >= max,
    enter(onTurn, bytes = 0) {
      const entry: Entry = { onTurn, bytes, state: 'waiting' };
      if (fits(entry)) start(entry);
      else if (queue.size < max && (queue.size === 0 || bytesWaiting + bytes <= budget.waiting)) {
        queue.add(entry);
        bytesWaiting += bytes;
      } else return undefined;
      return {
        isInFlight: () => entry.state === 'in flight',
        leave: () => {
          leave(entry);
        },
      };
    },
    counts: () => ({ inFlight, waiting: queue.size }),
  };
}
