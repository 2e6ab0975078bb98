import * as fc from 'fast-check';

import type { AccountListRequest } from '../../src/proton/accounts';
import type { ProtonSession } from '../../src/proton/proton-service';
import { unrestrictedViewer, type Viewer } from '../../src/proton/viewer';
import { account, type ControlPlane } from '../support/proton';
import { reader } from '../support/reader';

const MANAGEMENT = ['111111111111', '120000000000', '120000000001', '999999999999'];
const ENVIRONMENTS = ['000000000000', '120000000000', '129999999999', '200000000000', '999999999998'];
const OWNER = unrestrictedViewer('owner');

/** @param start returns a control plane without connections, and what ends it */
export function describeAccounts(
  name: string,
  start: () => Promise<Pick<ControlPlane, 'service'> & { readonly end: () => Promise<void> }>,
): void {
  describe(`The accounts that a viewer may read, ${name},`, () => {
    it('are those of the permissions, and those of all connections where these cover every account', async () => {
      const { service, end } = await start();
      for (const [index, environmentAccountId] of ENVIRONMENTS.entries()) {
        await service.session(OWNER).createConnection({
          managementAccountId: MANAGEMENT[index % MANAGEMENT.length] ?? '',
          environmentAccountId,
          environmentName: 'payments',
        });
      }
      const inUse = [...new Set([...MANAGEMENT, ...ENVIRONMENTS])].sort();
      const viewers: readonly (readonly [Viewer, readonly string[]])[] = [
        [OWNER, inUse],
        [{ ...OWNER, onAccounts: reader('500000000000').onAccounts }, [...inUse, '500000000000'].sort()],
        // In no connection, and in one whose other account the viewer may not read.
        [reader('500000000000', '111111111111'), ['111111111111', '500000000000']],
        [reader(), []],
      ];
      const requests = fc.record({
        idPrefix: fc.constantFrom(
          undefined,
          null,
          '',
          '1',
          '12',
          '120000000000',
          '9',
          '5',
          '1200000000001',
          'a',
          '1\0',
        ),
        first: fc.integer({ min: 1, max: 4 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...viewers), requests, async ([viewer, accounts], request) => {
          const expected = accounts.filter((id) => id.startsWith(request.idPrefix ?? ''));
          expect(await pagesOf(service.session(viewer), request)).toEqual(inPages(expected, request.first));
        }),
        { numRuns: 100 },
      );
      await end();
    });

    it('come with cursors that are of one prefix, and in pages of 1 to 100', async () => {
      const { service, end } = await start();
      const session = service.session(reader('111111111111', '120000000000'));
      const { cursorAt } = await session.listAccounts({ idPrefix: '1', first: 1 });
      const wrong: readonly AccountListRequest[] = [
        { after: cursorAt(0) },
        { after: 'x' },
        { first: 0 },
        { first: 101 },
      ];
      for (const request of wrong) {
        await expect((async () => session.listAccounts(request))()).rejects.toMatchObject({
          code: 'VALIDATION_ERROR',
          violations: [{ path: [Object.keys(request)[0]] }],
        });
      }
      await end();
    });

    it('no longer have an account whose last connection was deleted', async () => {
      const { service, end } = await start();
      const session = service.session(OWNER);
      const created = await session.createConnection({
        managementAccountId: account('111111111111'),
        environmentAccountId: account('222222222222'),
        environmentName: 'payments',
      });
      expect(await pagesOf(session, { first: 2 })).toEqual([['111111111111', '222222222222']]);
      await session.deleteConnection(created);
      expect(await pagesOf(session, { first: 2 })).toEqual([[]]);
      await end();
    });
  });
}

/** Reads all pages. */
async function pagesOf(
  session: ProtonSession,
  request: AccountListRequest,
): Promise<readonly (readonly string[])[]> {
  const pages: (readonly string[])[] = [];
  let after: string | undefined;
  do {
    const { items, hasNextPage, cursorAt } = await session.listAccounts({ ...request, after });
    pages.push(items.map(({ id }) => id));
    after = hasNextPage ? cursorAt(items.length - 1) : undefined;
  } while (after !== undefined);
  return pages;
}

function inPages(ids: readonly string[], size: number): readonly (readonly string[])[] {
  const pages = Array.from({ length: Math.ceil(ids.length / size) }, (_, page) =>
    ids.slice(page * size, (page + 1) * size),
  );
  return pages.length === 0 ? [[]] : pages;
}
