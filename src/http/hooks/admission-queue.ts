import { memoryBudget, type MemoryBudget } from '../memory-budget';

/** A request's place: at work, or in the queue before it. */
export interface Place {
  /** Whether it may be worked on already; else its turn comes. */
  readonly isAtWork: () => boolean;
  /** Gives the place up, wherever it is. Calling it again does nothing. */
  readonly leave: () => void;
}

/** Lets so many requests be worked on at a time, and as many wait. All servers of a process share one. */
export interface Admission {
  /** Whether nobody can have a place now, not even in the queue. */
  readonly isFull: () => boolean;
  /**
   * Asks for a place. Undefined where even the queue is full.
   * @param onTurn is called once if it had to wait, when its turn comes
   * @param bytes of its body
   */
  readonly ask: (onTurn: () => void, bytes?: number) => Place | undefined;
  readonly counts: () => { readonly atWork: number; readonly waiting: number };
}

interface Holder {
  readonly onTurn: () => void;
  readonly bytes: number;
  state: 'waiting' | 'at work' | 'gone';
}

/**
 * @param most requests at work; as many again may wait
 * @param budget bytes of bodies. A body that is larger than that is let in when it is the only one.
 */
export function createAdmission(
  most: number,
  budget: Pick<MemoryBudget, 'atWork' | 'waiting'> = memoryBudget(),
): Admission {
  let atWork = 0;
  let workBytes = 0;
  /** In the order in which they came. Who gives up is taken out at once, so that nobody waits behind someone who has gone. */
  const queue = new Set<Holder>();
  let waitingBytes = 0;

  function forget(holder: Holder): void {
    queue.delete(holder);
    waitingBytes -= holder.bytes;
  }

  function fits({ bytes }: Holder): boolean {
    return atWork < most && (bytes === 0 || workBytes === 0 || workBytes + bytes <= budget.atWork);
  }

  function begin(holder: Holder): void {
    holder.state = 'at work';
    atWork += 1;
    workBytes += holder.bytes;
  }

  /** A small request does not wait behind a large one for which there is no memory yet. */
  function beginNext(): void {
    for (const next of queue) {
      if (atWork >= most) return;
      if (!fits(next)) continue;
      forget(next);
      begin(next);
      next.onTurn();
    }
  }

  function leave(holder: Holder): void {
    const { state } = holder;
    holder.state = 'gone';
    if (state === 'waiting') forget(holder);
    if (state !== 'at work') return;
    atWork -= 1;
    workBytes -= holder.bytes;
    beginNext();
  }

  return {
    isFull: () => atWork >= most && queue.size >= most,
    ask(onTurn, bytes = 0) {
      const holder: Holder = { onTurn, bytes, state: 'waiting' };
      if (fits(holder)) begin(holder);
      else if (queue.size < most && (queue.size === 0 || waitingBytes + bytes <= budget.waiting)) {
        queue.add(holder);
        waitingBytes += bytes;
      } else return undefined;
      return {
        isAtWork: () => holder.state === 'at work',
        leave: () => {
          leave(holder);
        },
      };
    },
    counts: () => ({ atWork, waiting: queue.size }),
  };
}
