import { checkSessions, DELETED } from '../../scripts/events/subscribers/check-sessions';
import type { SeenChange, Session } from '../../scripts/events/subscribers/session';
import type { StatusChange } from '../../src/control-plane/change-feed';

const START = Date.parse('2026-11-23T09:30:00Z');

/** Two connections that are created and accepted in turn, one change a second. The first is deleted at the end. */
const CHANGES: readonly SeenChange[] = [
  { connectionId: 'a', previousStatus: null, status: 'PENDING' },
  { connectionId: 'b', previousStatus: null, status: 'PENDING' },
  { connectionId: 'a', previousStatus: 'PENDING', status: 'CONNECTED' },
  { connectionId: 'b', previousStatus: 'PENDING', status: 'CONNECTED' },
  { connectionId: 'a', previousStatus: 'CONNECTED', status: null },
];
const at = (index: number) => START + index * 1_000;
const feed = CHANGES.map((change, index) => ({
  position: index + 1,
  event: { ...change, occurredAt: at(index) },
})) as unknown as readonly StatusChange[];

/** The faults of a session in which these changes arrived; the subscription is acknowledged before the first of them by default. */
function faultsOf(seen: readonly (SeenChange | undefined)[], session: Partial<Session> = {}) {
  const given = {
    subscriber: 'one',
    acknowledgedAt: START - 100,
    endedAt: at(5),
    seen: seen.flatMap((change) => change ?? []),
    ...session,
  };
  return checkSessions([given], {
    feed,
    acknowledgedAt(connectionId, status) {
      const index = CHANGES.findIndex(
        (change) => change.connectionId === connectionId && (change.status ?? DELETED) === status,
      );
      return index < 0 ? undefined : at(index) + 1;
    },
  }).faults;
}

const [first, second, third, fourth, last] = CHANGES;

describe('The check of what subscribers saw', () => {
  it('finds nothing wrong with all changes in order, and with connections in another order between them', () => {
    expect(faultsOf(CHANGES)).toEqual([]);
    expect(faultsOf([second, first, fourth, third, last])).toEqual([]);
  });

  it('finds a change that is missing before another one, that came twice, that is out of order, or that never was', () => {
    expect(faultsOf([first, second, third, last])).toEqual([
      expect.stringMatching(/and missed b CONNECTED$/),
    ]);
    expect(faultsOf([...CHANGES, last])).toEqual(['one saw a DELETED twice']);
    expect(faultsOf([third, second, first, fourth, last])).toEqual(['one saw a PENDING out of order']);
    expect(faultsOf([...CHANGES, { connectionId: 'c', previousStatus: null, status: 'PENDING' }])).toEqual([
      expect.stringMatching(/^one saw what never was: .*"c"/),
    ]);
  });

  it('lets the last changes before a kill be missing, but none that was acknowledged long before the end', () => {
    expect(faultsOf([first, second])).toEqual([]);
    expect(faultsOf([first, second], { endedAt: at(60) })).toEqual([
      expect.stringMatching(/had not yet seen a CONNECTED, b CONNECTED, a DELETED$/),
    ]);
    expect(faultsOf([], { endedAt: Infinity })).toEqual([expect.stringMatching(/, and 2 more$/)]);
  });

  it('lets a change come or not that was under way when the subscription was acknowledged', () => {
    const acknowledgedAt = at(1) + 10;
    expect(faultsOf([third, fourth, last], { acknowledgedAt })).toEqual([]);
    expect(faultsOf([second, third, fourth, last], { acknowledgedAt })).toEqual([]);
    expect(faultsOf([fourth, last], { acknowledgedAt })).toEqual([
      expect.stringMatching(/missed a CONNECTED$/),
    ]);
  });
});
