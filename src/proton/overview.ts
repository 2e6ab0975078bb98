import type { ConnectionStatus, EpochMilliseconds } from './connection';
import { ProtonFailure } from './failure';
import type { ConnectionSelection, PageRequest } from './page';

export const DEFAULT_WEEKS = 12;
const MAX_WEEKS = 104;

const DAY_MS = 86_400_000;
export const WEEK_MS = 7 * DAY_MS;
/** 1970-01-05 was a Monday. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

export interface OverviewRequest extends ConnectionSelection {
  /** How many weeks, 1 to 104; null or left out means 12. The last one is the week of today. */
  readonly weeks?: number | null | undefined;
}

export const DEFAULT_LONGEST_PENDING = 5;

/** The connections of a selection that have waited longest; `first` of them, 1 to 100. Null or left out means 5. */
export interface LongestPendingRequest extends ConnectionSelection, Pick<PageRequest, 'first'> {}

/** What happened in one week, from Monday, 00:00 UTC. */
export interface OverviewWeek {
  readonly startsAt: EpochMilliseconds;
  /** Connections of the selection that were requested in the week. */
  readonly requested: number;
  /** Connections whose first decision, in the week, was to accept them. */
  readonly accepted: number;
  /** Connections whose first decision, in the week, was to reject them. */
  readonly rejected: number;
}

/** Counts and times of the connections of a selection. Deleted connections don't count. */
export interface ConnectionOverview {
  readonly byStatus: Readonly<Record<ConnectionStatus, number>>;
  /** When the `PENDING` connection that has waited longest was requested; null if none is `PENDING`. */
  readonly oldestPendingAt: EpochMilliseconds | null;
  /** The median time from the request to the first decision, of decisions in these weeks; null if there are none. */
  readonly medianDecisionMs: number | null;
  /** In the order of time. */
  readonly weeks: readonly OverviewWeek[];
}

/** The weeks of an overview, as a range of time. */
export interface OverviewPeriod {
  /** A Monday, 00:00 UTC. */
  readonly startsAt: EpochMilliseconds;
  readonly weeks: number;
}

/**
 * The weeks that a request asks for.
 * @throws ProtonFailure `VALIDATION_ERROR` for a number of weeks outside 1 to 104
 */
export function overviewPeriod(weeks: OverviewRequest['weeks'], now: EpochMilliseconds): OverviewPeriod {
  const count = weeks ?? DEFAULT_WEEKS;
  if (!Number.isInteger(count) || count < 1 || count > MAX_WEEKS) {
    throw ProtonFailure.invalid([{ path: ['weeks'], message: `must be 1 to ${String(MAX_WEEKS)}` }]);
  }
  const thisMonday = now - ((((now - FIRST_MONDAY_MS) % WEEK_MS) + WEEK_MS) % WEEK_MS);
  return { startsAt: thisMonday - (count - 1) * WEEK_MS, weeks: count };
}

/** Adds up an overview from what a store reads. */
export class OverviewTally {
  private readonly byStatus = { PENDING: 0, CONNECTED: 0, REJECTED: 0 };
  private readonly weeks: { -readonly [Member in keyof OverviewWeek]: OverviewWeek[Member] }[];
  private oldestPendingAt: EpochMilliseconds | null = null;

  constructor(private readonly period: OverviewPeriod) {
    this.weeks = Array.from({ length: period.weeks }, (_, index) => ({
      startsAt: period.startsAt + index * WEEK_MS,
      requested: 0,
      accepted: 0,
      rejected: 0,
    }));
  }

  /** @param oldestRequestAt when the oldest of them was requested; needed for `PENDING` alone */
  addStatus(status: ConnectionStatus, count: number, oldestRequestAt: EpochMilliseconds | null): void {
    this.byStatus[status] = count;
    if (status === 'PENDING') this.oldestPendingAt = oldestRequestAt;
  }

  /**
   * @param week the index of the week
   * @returns whether the week is in the period; if not, it does not count
   */
  add(member: 'requested' | 'accepted' | 'rejected', week: number, count: number): boolean {
    const counted = this.weeks[week];
    if (!counted) return false;
    counted[member] += count;
    return true;
  }

  /** The index of the week of a time; -1 or less if it is before the period. */
  weekOf(at: EpochMilliseconds): number {
    return Math.floor((at - this.period.startsAt) / WEEK_MS);
  }

  overview(medianDecisionMs: number | null): ConnectionOverview {
    return {
      byStatus: { ...this.byStatus },
      oldestPendingAt: this.oldestPendingAt,
      medianDecisionMs,
      weeks: this.weeks.map((week) => ({ ...week })),
    };
  }
}
