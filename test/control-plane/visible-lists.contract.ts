import * as fc from 'fast-check';

import type { Connection } from '../../src/proton/connection';
import type { ConnectionSelection } from '../../src/proton/page';
import { maySee, unrestrictedViewer } from '../../src/proton/viewer';
import { plainConnection } from '../support/completing-session';
import { account, type ControlPlane, ENVIRONMENT, MANAGEMENT, STRANGER } from '../support/proton';
import { reader } from '../support/reader';

const ACCOUNTS = [MANAGEMENT, ENVIRONMENT, STRANGER, account('444444444444')];
const OWNER = unrestrictedViewer('owner');

const asking = (managementAccountId: string, environmentAccountId: string, environmentName: string) => ({
  managementAccountId,
  environmentAccountId,
  environmentName,
  tags: [
    { key: 'team', value: managementAccountId > environmentAccountId ? 'payments' : '' },
    { key: `stage-${environmentName}`, value: 'prod: a/b' },
  ],
});

/** @param start returns a control plane without connections, and what ends it */
export function describeVisibleLists(
  name: string,
  start: () => Promise<Pick<ControlPlane, 'service' | 'clock'> & { readonly end: () => Promise<void> }>,
): void {
  describe(`Lists and counts ${name}`, () => {
    const accounts = fc.constantFrom(...ACCOUNTS);
    const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
    const selections: fc.Arbitrary<ConnectionSelection> = fc.record({
      participation: maybe(
        fc.record({
          accountId: accounts,
          role: fc.constantFrom('MANAGEMENT_ACCOUNT', 'ENVIRONMENT_ACCOUNT', null),
        }),
      ),
      filter: maybe(
        fc.record({
          managementAccountId: maybe(accounts),
          environmentAccountId: maybe(accounts),
          environmentName: maybe(fc.constantFrom('name-0', 'name-1')),
          environmentNamePrefix: maybe(fc.constantFrom('', 'name', 'name-', 'name-1', 'name_', 'n%', 'Name')),
          tags: maybe(
            fc.array(
              fc.constantFrom(
                { key: 'team' },
                { key: 'team', value: 'payments' },
                { key: 'team', value: '' },
                { key: 'stage-name-0', value: null },
                { key: 'stage-name-1', value: 'prod: a/b' },
                { key: 'stage-name-1', value: 'prod' },
                { key: 'tea', value: null },
                { key: 'team","value":"', value: null },
              ),
              { maxLength: 3 },
            ),
          ),
          statuses: maybe(fc.constantFrom(['PENDING' as const], ['CONNECTED' as const, 'PENDING' as const])),
        }),
      ),
    });

    it('contain all connections that the viewer may see, in order and page by page', async () => {
      const { service, clock, end } = await start();
      const owner = service.session(OWNER);
      const all: Connection[] = [];
      for (let round = 0; round < 2; round += 1) {
        for (const management of ACCOUNTS) {
          for (const environment of ACCOUNTS) {
            // Some have the same time.
            if (management === environment) clock.advance(1);
            const created = await owner.createConnection(
              asking(management, environment, `name-${String(round)}`),
            );
            all.push(management > environment ? await owner.acceptConnection(created) : created);
          }
        }
      }
      const everything = all.toSorted((a, b) => b.requestedAt - a.requestedAt || (a.id < b.id ? 1 : -1));

      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(accounts),
          selections,
          fc.integer({ min: 1, max: 40 }),
          async (readable, selection, first) => {
            const viewer = reader(...readable);
            const session = service.session(viewer);
            const expected = everything.filter(
              (connection) => maySee(viewer, connection) && isOf(connection, selection),
            );
            const listed: unknown[] = [];
            let after: string | undefined;
            do {
              const [page] = await session.listConnections([{ ...selection, first, after }]);
              if (page === undefined || page instanceof Error) throw new Error('no page', { cause: page });
              listed.push(...page.items.map(plainConnection));
              after = page.hasNextPage ? page.cursorAt(page.items.length - 1) : undefined;
            } while (after !== undefined);
            expect(listed).toEqual(expected);
            expect(await session.countConnections([selection])).toEqual([expected.length]);
          },
        ),
        { numRuns: 300 },
      );
      await end();
    });
  });
}

function isOf(connection: Connection, { participation, filter }: ConnectionSelection): boolean {
  const { managementAccountId, environmentAccountId, environmentName, status, tags } = connection;
  const fits = (wanted: string | null | undefined, value: string) => (wanted ?? value) === value;
  const asManagement =
    participation?.role !== 'ENVIRONMENT_ACCOUNT' && fits(participation?.accountId, managementAccountId);
  const asEnvironment =
    participation?.role !== 'MANAGEMENT_ACCOUNT' && fits(participation?.accountId, environmentAccountId);
  return (
    (asManagement || asEnvironment) &&
    fits(filter?.managementAccountId, managementAccountId) &&
    fits(filter?.environmentAccountId, environmentAccountId) &&
    fits(filter?.environmentName, environmentName) &&
    environmentName.startsWith(filter?.environmentNamePrefix ?? '') &&
    (filter?.tags ?? []).every(({ key, value = null }) =>
      tags.some((tag) => tag.key === key && (value === null || tag.value === value)),
    ) &&
    (filter?.statuses?.includes(status) ?? true)
  );
}
