import { ProtonFailure } from '../../proton/failure';
import type { AccountId } from '../../proton/identifiers';
import type { ConnectionStatusChange, StatusChangeListener } from '../../proton/status-changes';

/** Changes that a listener gets at a time. */
const PAGE = 64;
/** A listener that is further behind than this when there are new changes is ended. One look may find any number. */
const MAX_BEHIND = 10_000;

/** A listener, with the changes that it has not taken yet. A slow one delays no other. */
export class Watcher {
  private isOver = false;
  private behind = 0;
  /** Settles when the changes so far are taken. */
  private last: Promise<void> = Promise.resolve();

  /**
   * @param accounts where the viewer's connections are found
   * @param reportFault receives what the listener throws, after which it is ended
   */
  constructor(
    private readonly listener: StatusChangeListener,
    readonly accounts: ReadonlySet<AccountId>,
    private readonly reportFault: (error: unknown) => void,
  ) {}

  /** Whether it can't keep up. */
  get isTooSlow(): boolean {
    return this.behind > MAX_BEHIND;
  }

  /** Hands over changes in pages, each when the listener is done with the one before. Resolves after the last one. Never rejects. */
  announce(changes: readonly ConnectionStatusChange[]): Promise<void> {
    this.behind += changes.length;
    this.last = this.last.then(() => this.handOver(changes));
    return this.last;
  }

  /** Calls the listener for the last time. */
  end(failure: ProtonFailure): void {
    if (this.isOver) return;
    this.isOver = true;
    try {
      this.listener.ended(failure);
    } catch (error) {
      this.reportFault(error);
    }
  }

  /** The listener is not called any more. */
  stop(): void {
    this.isOver = true;
  }

  private async handOver(changes: readonly ConnectionStatusChange[]): Promise<void> {
    try {
      for (let start = 0; start < changes.length && !this.isOver; start += PAGE) {
        const page = changes.slice(start, start + PAGE);
        await this.listener.changed(page);
        this.behind -= page.length;
      }
    } catch (error) {
      this.reportFault(error);
      this.end(ProtonFailure.unavailable('The changes could not be delivered. Subscribe again.', error));
    }
  }
}
