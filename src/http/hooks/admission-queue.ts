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
   * @param bytes that are kept for who waits
   */
  readonly ask: (onTurn: () => void, bytes?: number) => Place | undefined;
  readonly counts: () => { readonly atWork: number; readonly waiting: number };
}

interface Holder {
  readonly onTurn: () => void;
  readonly bytes: number;
  state: 'waiting' | 'at work' | 'gone';
}

/** Bytes that are kept for all who wait. */
const MOST_WAITING_BYTES = 67_108_864;

/** @param most requests at work; as many again may wait */
export function createAdmission(most: number): Admission {
  let atWork = 0;
  /** In the order in which they came. Who gives up is taken out at once, so that nobody waits behind someone who has gone. */
  const queue = new Set<Holder>();
  let waitingBytes = 0;

  function forget(holder: Holder): void {
    queue.delete(holder);
    waitingBytes -= holder.bytes;
  }

  function begin(holder: Holder): void {
    holder.state = 'at work';
    atWork += 1;
  }

  function leave(holder: Holder): void {
    const { state } = holder;
    holder.state = 'gone';
    if (state === 'waiting') forget(holder);
    if (state !== 'at work') return;
    atWork -= 1;
    const [next] = queue;
    if (next === undefined) return;
    forget(next);
    begin(next);
    next.onTurn();
  }

  return {
    isFull: () => atWork >= most && queue.size >= most,
    ask(onTurn, bytes = 0) {
      const holder: Holder = { onTurn, bytes, state: 'waiting' };
      if (atWork < most) begin(holder);
      else if (queue.size < most && waitingBytes + bytes <= MOST_WAITING_BYTES) {
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
