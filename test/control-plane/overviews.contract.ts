import * as fc from 'fast-check';

import type { Connection } from '../../src/proton/connection';
import type { ConnectionOverview, OverviewRequest } from '../../src/proton/overview';
import { maySee, unrestrictedViewer } from '../../src/proton/viewer';
import { account, type ControlPlane, ENVIRONMENT, MANAGEMENT, STRANGER } from '../support/proton';
import { reader } from '../support/reader';

const ACCOUNTS = [MANAGEMENT, ENVIRONMENT, STRANGER, account('444444444444')];
const OWNER = unrestrictedViewer('owner');
const HOUR = 60 * 60 * 1000;
const WEEK = 7 * 24 * HOUR;

/** A connection, and the first decision on it. */
interface Known {
  readonly connection: Connection;
  readonly decision?: { readonly type: 'accepted' | 'rejected'; readonly at: number };
}

/** @param start returns a control plane without connections, and what ends it */
export function describeOverviews(
  name: string,
  start: () => Promise<Pick<ControlPlane, 'service' | 'clock'> & { readonly end: () => Promise<void> }>,
): void {
  describe(`An overview ${name}`, () => {
    it('counts what the viewer sees and the filter selects, by status and by week, and has what waited longest', async () => {
      const { service, clock, end } = await start();
      const known = await requestAndDecide(service.session(OWNER), clock);
      const now = clock.now();

      const accounts = fc.constantFrom(...ACCOUNTS);
      const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
      const requests: fc.Arbitrary<OverviewRequest> = fc.record({
        weeks: maybe(fc.integer({ min: 1, max: 5 })),
        filter: maybe(
          fc.record({
            managementAccountId: maybe(accounts),
            environmentAccountId: maybe(accounts),
            environmentName: maybe(fc.constantFrom('env-1', 'none')),
            environmentNamePrefix: maybe(fc.constantFrom('env-1', 'x')),
            region: maybe(fc.constantFrom('us-east-1', 'eu-west-1')),
            tags: maybe(fc.constantFrom([{ key: 'odd' }], [{ key: 'odd', value: 'no' }])),
            statuses: maybe(
              fc.constantFrom(['PENDING' as const], ['CONNECTED' as const, 'REJECTED' as const]),
            ),
          }),
        ),
      });
      const viewers = fc.oneof(
        fc.uniqueArray(accounts).map((ids) => reader(...ids)),
        fc.constant(OWNER),
      );
      await fc.assert(
        fc.asyncProperty(
          viewers,
          requests,
          fc.integer({ min: 1, max: 4 }),
          async (viewer, request, first) => {
            const selected = known.filter(
              ({ connection }) => maySee(viewer, connection) && isSelected(connection, request),
            );
            const overview = await service.session(viewer).readOverview(request);
            expect(overview).toEqual(expectedOverview(selected, request.weeks ?? 12, now));
            const [longest] = await service.session(viewer).listLongestPending([{ ...request, first }]);
            expect((longest as readonly Connection[]).map(({ id }) => id)).toEqual(
              idsOfOldestPending(selected, first),
            );
          },
        ),
        { numRuns: 150 },
      );
      await end();
    });

    it('has weeks from Monday to Sunday, UTC, of which the last one is the week of today', async () => {
      const { service, clock, end } = await start();
      const session = service.session(OWNER);
      const sunday = Date.UTC(2026, 11, 6, 23, 59, 59, 999);
      clock.advance(sunday - clock.now());
      const created = await session.createConnection({
        managementAccountId: MANAGEMENT,
        environmentAccountId: ENVIRONMENT,
        environmentName: 'late',
      });
      clock.advance(1);
      await session.rejectConnection(created);
      const overview = await session.readOverview({ weeks: 2 });
      expect(overview?.weeks).toEqual([
        { startsAt: Date.UTC(2026, 10, 30), requested: 1, accepted: 0, rejected: 0 },
        { startsAt: Date.UTC(2026, 11, 7), requested: 0, accepted: 0, rejected: 1 },
      ]);
      expect(overview?.medianDecisionMs).toBe(1);
      await end();
    });

    it('takes 1 to 104 weeks', async () => {
      const { service, end } = await start();
      const session = service.session(OWNER);
      const read = async (weeks: number) => session.readOverview({ weeks });
      expect((await read(104))?.weeks).toHaveLength(104);
      for (const weeks of [0, -1, 105]) {
        await expect(read(weeks)).rejects.toMatchObject({
          code: 'VALIDATION_ERROR',
          violations: [{ path: ['weeks'] }],
        });
      }
      await end();
    });
  });
}

/** Requests connections over three weeks; accepts, rejects, withdraws and deletes some of them. */
async function requestAndDecide(
  session: ReturnType<ControlPlane['service']['session']>,
  clock: ControlPlane['clock'],
): Promise<readonly Known[]> {
  const known: Known[] = [];
  let index = 0;
  for (const managementAccountId of ACCOUNTS) {
    for (const environmentAccountId of ACCOUNTS) {
      index += 1;
      const created = await session.createConnection({
        managementAccountId,
        environmentAccountId,
        environmentName: `env-${String(index)}`,
        region: index % 3 === 0 ? 'eu-west-1' : 'us-east-1',
        tags: index % 2 === 1 ? [{ key: 'odd', value: 'yes' }] : [],
      });
      clock.advance(index * HOUR);
      const at = clock.now();
      const fates: readonly (() => Promise<Known | undefined>)[] = [
        async () => ({
          connection: await session.acceptConnection(created),
          decision: { type: 'accepted', at },
        }),
        async () => ({
          connection: await session.rejectConnection(created),
          decision: { type: 'rejected', at },
        }),
        async () => {
          await session.acceptConnection(created);
          clock.advance(HOUR);
          // Withdrawing is no first decision.
          return {
            connection: await session.rejectConnection(created),
            decision: { type: 'accepted', at },
          };
        },
        async () => {
          await session.acceptConnection(created);
          await session.deleteConnection(created);
          return undefined;
        },
        () => Promise.resolve({ connection: created }),
      ];
      const fate = await fates[index % fates.length]?.();
      if (fate) known.push(fate);
      clock.advance(20 * HOUR);
    }
  }
  return known;
}

function isSelected(connection: Connection, { filter }: OverviewRequest): boolean {
  const fits = (wanted: string | null | undefined, value: string) => (wanted ?? value) === value;
  return (
    fits(filter?.managementAccountId, connection.managementAccountId) &&
    fits(filter?.environmentAccountId, connection.environmentAccountId) &&
    fits(filter?.environmentName, connection.environmentName) &&
    fits(filter?.region, connection.region) &&
    connection.environmentName.startsWith(filter?.environmentNamePrefix ?? '') &&
    (filter?.tags ?? []).every(({ key, value }) =>
      connection.tags.some((tag) => tag.key === key && fits(value, tag.value)),
    ) &&
    (filter?.statuses?.includes(connection.status) ?? true)
  );
}

function idsOfOldestPending(selected: readonly Known[], first: number): readonly string[] {
  const pending = selected.flatMap(({ connection }) => (connection.status === 'PENDING' ? [connection] : []));
  return pending
    .toSorted((one, other) => one.requestedAt - other.requestedAt)
    .slice(0, first)
    .map(({ id }) => id);
}

/** The rules, written independently of the implementation. */
function expectedOverview(selected: readonly Known[], count: number, now: number): ConnectionOverview {
  const today = new Date(now);
  const daysSinceMonday = (today.getUTCDay() + 6) % 7;
  const monday = Date.UTC(today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate() - daysSinceMonday);
  const startsAt = monday - (count - 1) * WEEK;
  const isIn = (week: number) => (at: number) => at >= week && at < week + WEEK;
  const pending = selected.filter(({ connection }) => connection.status === 'PENDING');
  const statusCount = (status: string) =>
    selected.filter(({ connection }) => connection.status === status).length;
  const times = selected
    .flatMap(({ connection, decision }) =>
      decision && decision.at >= startsAt ? [decision.at - connection.requestedAt] : [],
    )
    .sort((a, b) => a - b);
  const middle = [times[Math.ceil(times.length / 2) - 1] ?? 0, times[Math.floor(times.length / 2)] ?? 0];
  return {
    byStatus: {
      PENDING: pending.length,
      CONNECTED: statusCount('CONNECTED'),
      REJECTED: statusCount('REJECTED'),
    },
    oldestPendingAt:
      pending.length === 0 ? null : Math.min(...pending.map(({ connection }) => connection.requestedAt)),
    medianDecisionMs: times.length === 0 ? null : ((middle[0] ?? 0) + (middle[1] ?? 0)) / 2,
    weeks: Array.from({ length: count }, (_, index) => {
      const week = startsAt + index * WEEK;
      const decided = (type: string) =>
        selected.filter(({ decision }) => decision?.type === type && isIn(week)(decision.at)).length;
      return {
        startsAt: week,
        requested: selected.filter(({ connection }) => isIn(week)(connection.requestedAt)).length,
        accepted: decided('accepted'),
        rejected: decided('rejected'),
      };
    }),
  };
}
