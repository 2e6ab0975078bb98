import { memoryBudget, type MemoryBudget } from '../body/body-budget';
import type { ResponseListener } from '../lifecycle/response-end';

/**
 * Limits how many requests are in flight at a time, and how many wait. All servers of a process share one. A request that is not
 * admitted at once waits in order of arrival; small ones may pass a large one for which there is not enough memory yet.
 */
export class Admission {
  private inFlight = 0;
  private bytesInFlight = 0;
  /** In order of arrival. A request that gives up is removed at once, so that others do not wait behind it. */
  private readonly queue = new Set<Slot>();
  private bytesWaiting = 0;

  /**
   * @param max requests in flight; as many again may wait
   * @param budget limits for the total body bytes. A larger body is admitted when it is the only one.
   */
  constructor(
    private readonly max: number,
    private readonly budget: Pick<MemoryBudget, 'inFlight' | 'waiting'> = memoryBudget(),
  ) {}

  /** Whether even the queue is full. */
  isFull(): boolean {
    return this.inFlight >= this.max && this.queue.size >= this.max;
  }

  /**
   * Takes a slot.
   * @param bytes size of the request's body
   * @returns undefined if even the queue is full
   */
  enter(bytes: number): Slot | undefined {
    const slot = new Slot(this, bytes);
    if (this.fits(slot)) this.start(slot);
    else if (
      this.queue.size < this.max &&
      (this.queue.size === 0 || this.bytesWaiting + bytes <= this.budget.waiting)
    ) {
      this.queue.add(slot);
      this.bytesWaiting += bytes;
    } else return undefined;
    return slot;
  }

  counts(): { readonly inFlight: number; readonly waiting: number } {
    return { inFlight: this.inFlight, waiting: this.queue.size };
  }

  /** Frees a slot. Called by the slot. */
  leave(slot: Slot): void {
    if (slot.isInFlight) {
      slot.isInFlight = false;
      this.inFlight -= 1;
      this.bytesInFlight -= slot.bytes;
      if (this.queue.size > 0) this.startNext();
    } else this.removeFromQueue(slot);
  }

  private removeFromQueue(slot: Slot): void {
    if (this.queue.delete(slot)) this.bytesWaiting -= slot.bytes;
  }

  private fits({ bytes }: Slot): boolean {
    const { inFlight, bytesInFlight, max, budget } = this;
    return inFlight < max && (bytes === 0 || bytesInFlight === 0 || bytesInFlight + bytes <= budget.inFlight);
  }

  private start(slot: Slot): void {
    slot.isInFlight = true;
    this.inFlight += 1;
    this.bytesInFlight += slot.bytes;
  }

  private startNext(): void {
    for (const slot of this.queue) {
      if (this.inFlight >= this.max) return;
      if (!this.fits(slot)) continue;
      this.removeFromQueue(slot);
      this.start(slot);
      slot.onTurn();
    }
  }
}

/**
 * A request's place among the requests in flight, or in the queue. A request keeps it until its response is complete and its execution
 * has ended, because a disconnect does not stop an execution that cannot be aborted. Only a waiting slot refers to its request, so that
 * a slot that V8 keeps for a while keeps no request.
 */
export class Slot implements ResponseListener {
  /** Whether the request may proceed; otherwise it waits for its turn, or has left. */
  isInFlight = false;
  private isResponseOver = false;
  private isWorkOver = false;
  private waiting: { readonly onTurn: () => void; readonly timer: NodeJS.Timeout } | undefined;

  constructor(
    private readonly admission: Admission,
    readonly bytes: number,
  ) {}

  /**
   * Waits in the queue, at most for a time.
   * @param onTurn called when the request may proceed
   * @param onTimeout called when it has left the queue instead
   */
  wait(timeoutMs: number, onTurn: () => void, onTimeout: () => void): void {
    const timer = setTimeout(() => {
      this.waiting = undefined;
      this.admission.leave(this);
      onTimeout();
    }, timeoutMs);
    this.waiting = { onTurn, timer };
  }

  /** Called by the queue. */
  onTurn(): void {
    const { waiting } = this;
    this.waiting = undefined;
    clearTimeout(waiting?.timer);
    waiting?.onTurn();
  }

  responseEnded(): void {
    this.isResponseOver = true;
    clearTimeout(this.waiting?.timer);
    this.waiting = undefined;
    this.leaveIfOver();
  }

  workEnded(): void {
    this.isWorkOver = true;
    this.leaveIfOver();
  }

  private leaveIfOver(): void {
    if (this.isResponseOver && (this.isWorkOver || !this.isInFlight)) this.admission.leave(this);
  }
}
