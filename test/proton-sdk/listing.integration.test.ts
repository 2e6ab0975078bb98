import fc from 'fast-check';

import { ConnectionStatus } from '../../src/proton/connection';
import type { ConnectionListRequest } from '../../src/proton/page';
import { connectionArn, type AccountId } from '../../src/proton/identifiers';
import type { ProtonService } from '../../src/proton/proton-service';
import { unrestrictedViewer, type Viewer } from '../../src/proton/viewer';
import { ENVIRONMENT, MANAGEMENT, region, STRANGER } from '../support/proton';
import { ACCOUNTS, createSdkService, startSignedEndpoint, type SignedEndpoint } from '../support/sdk-service';

const REGIONS = [region('us-east-1'), region('eu-central-1')];
const NAMES = ['orders', 'payments', 'search'];

/** The adapter merges many lists of Proton's; the result must equal the control plane's own list, page by page. */
describe('Lists over the SDK', () => {
  let endpoint: SignedEndpoint;

  beforeAll(async () => {
    endpoint = await startSignedEndpoint();
    await populate();
  });

  afterAll(() => endpoint.stop());

  /** Creates about a hundred connections between any two accounts, many of them in the same millisecond. */
  async function populate() {
    const plane = endpoint.service.session(unrestrictedViewer('admin'));
    for (let round = 0; round < 3; round += 1) {
      for (const managementAccountId of ACCOUNTS) {
        for (const environmentAccountId of ACCOUNTS) {
          for (const [index, environmentName] of NAMES.entries()) {
            const name = `${environmentName}${round === 0 ? '' : String(round)}`;
            if ((index + round) % 2 === 0) endpoint.clock.advance(1);
            const created = await plane.createConnection({
              managementAccountId,
              environmentAccountId,
              environmentName: name,
              region: REGIONS[(index + round) % 2],
            });
            if (index === 1) await plane.acceptConnection(created);
            if (round === 2) await plane.rejectConnection(created);
          }
        }
      }
    }
  }

  const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 2 });
  const anAccount = fc.constantFrom(...ACCOUNTS, 'nonsense');
  const selections: fc.Arbitrary<ConnectionListRequest> = fc.record({
    participation: maybe(
      fc.record({
        accountId: fc.constantFrom(...ACCOUNTS),
        role: fc.constantFrom('MANAGEMENT_ACCOUNT', 'ENVIRONMENT_ACCOUNT', null),
      }),
    ),
    filter: maybe(
      fc.record({
        managementAccountId: maybe(anAccount),
        environmentAccountId: maybe(anAccount),
        environmentName: maybe(fc.constantFrom(...NAMES, 'no name!')),
        region: maybe(fc.constantFrom(...REGIONS, 'us-west-2')),
        statuses: maybe(fc.subarray(Object.values(ConnectionStatus))),
      }),
    ),
  });

  async function pagesOf(service: ProtonService, viewer: Viewer, request: ConnectionListRequest) {
    const pages: { readonly ids: readonly string[]; readonly hasNextPage: boolean; readonly end: string }[] =
      [];
    let after: string | undefined;
    do {
      const [page] = await service.session(viewer).listConnections([{ ...request, after }]);
      if (!page || page instanceof Error) throw page ?? new Error('no result');
      after = page.hasNextPage ? page.cursorAt(page.items.length - 1) : undefined;
      pages.push({
        ids: page.items.map(({ id }) => id),
        hasNextPage: page.hasNextPage,
        end: after ?? '',
      });
    } while (after !== undefined);
    return pages;
  }

  function readerOf(accounts: readonly AccountId[]): Viewer {
    return {
      subject: 'reader',
      onEveryAccount: new Set(),
      onAccounts: new Map(accounts.map((accountId) => [accountId, new Set(['read'] as const)])),
    };
  }

  it.each([
    ['all accounts', ACCOUNTS],
    ['two of three', [MANAGEMENT, ENVIRONMENT]],
    ['one', [STRANGER]],
  ])('equal the control plane’s own lists, with credentials for %s', async (_, accounts) => {
    const { service } = createSdkService({
      endpointUrl: endpoint.origin,
      credentialsFor: endpoint.credentialsFor,
      accounts,
      regions: REGIONS,
    });
    await fc.assert(
      fc.asyncProperty(selections, fc.constantFrom(9, 20, 100), async (selection, first) => {
        const request = { ...selection, first };
        // A viewer who may read everything sees the connections of the accounts with credentials.
        expect(await pagesOf(service, unrestrictedViewer('admin'), request)).toEqual(
          await pagesOf(endpoint.service, readerOf(accounts), request),
        );
      }),
      { numRuns: 8 },
    );
    service.close();
  });

  it('contain the connections of the accounts that the viewer may read', async () => {
    const { service } = createSdkService({
      endpointUrl: endpoint.origin,
      credentialsFor: endpoint.credentialsFor,
      regions: REGIONS,
    });
    await fc.assert(
      fc.asyncProperty(fc.subarray([...ACCOUNTS]), selections, async (readable, selection) => {
        const viewer = readerOf(readable);
        expect(await pagesOf(service, viewer, { ...selection, first: 50 })).toEqual(
          await pagesOf(endpoint.service, viewer, { ...selection, first: 50 }),
        );
      }),
      { numRuns: 8 },
    );
    service.close();
  });

  it('contain what the viewer may read, whichever of a connection’s accounts has credentials', async () => {
    const accounts = [MANAGEMENT, STRANGER];
    const { service } = createSdkService({
      endpointUrl: endpoint.origin,
      credentialsFor: endpoint.credentialsFor,
      accounts,
      regions: REGIONS,
    });
    const [page] = await endpoint.service
      .session(unrestrictedViewer('admin'))
      .listConnections([{ first: 100 }]);
    if (!page || page instanceof Error) throw page ?? new Error('no result');
    const reachable = new Set<string>(
      page.items
        .filter((each) =>
          accounts.some((id) => [each.managementAccountId, each.environmentAccountId].includes(id)),
        )
        .map(({ id }) => id),
    );
    expect([page.hasNextPage, reachable.size < page.items.length]).toEqual([false, true]);
    const readers = fc.subarray([...ACCOUNTS], { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(readers, selections, async (readable, selection) => {
        const request = { ...selection, first: 9 };
        const pages = await pagesOf(service, readerOf(readable), request);
        const own = await pagesOf(endpoint.service, readerOf(readable), request);
        expect(pages.flatMap(({ ids }) => ids)).toEqual(
          own.flatMap(({ ids }) => ids).filter((id) => reachable.has(id)),
        );
        expect(pages.slice(0, -1).every(({ ids }) => ids.length === 9)).toBe(true);
      }),
      { numRuns: 8, examples: [[[ENVIRONMENT], {}]] },
    );
    service.close();
  });
});

describe('A connection with one account that has no credentials', () => {
  let endpoint: SignedEndpoint;
  beforeAll(async () => {
    endpoint = await startSignedEndpoint();
  });
  afterAll(() => endpoint.stop());

  it('is found, with its tags and roles, for a viewer who may read that account, and for no other', async () => {
    const plane = endpoint.service.session(unrestrictedViewer('admin'));
    const tags = [{ key: 'a', value: 'b' }];
    const codebuildRoleArn = `arn:aws:iam::${ENVIRONMENT}:role/build`;
    const create = (environmentAccountId: AccountId) =>
      plane.createConnection({
        managementAccountId: MANAGEMENT,
        environmentAccountId,
        environmentName: 'a',
        tags,
        ...(environmentAccountId === ENVIRONMENT ? { codebuildRoleArn } : {}),
      });
    const [seen, hidden] = [await create(ENVIRONMENT), await create(STRANGER)];
    const { service } = createSdkService({
      endpointUrl: endpoint.origin,
      credentialsFor: endpoint.credentialsFor,
      accounts: [MANAGEMENT, STRANGER],
      regions: REGIONS,
    });
    const references = [{ id: seen.id }, { arn: connectionArn(seen) }, { id: hidden.id }];
    await service.session(unrestrictedViewer('admin')).findConnections(references);
    const reader = service.session({
      subject: 'reader',
      onEveryAccount: new Set(),
      onAccounts: new Map([[ENVIRONMENT, new Set(['read'] as const)]]),
    });
    const found = await reader.findConnections(references);
    expect(found).toMatchObject([{ id: seen.id }, { id: seen.id }, undefined]);
    const [connection] = found;
    if (!connection || connection instanceof Error) throw new Error('the connection was not found');
    expect(await reader.readTags([connection])).toEqual([tags]);
    expect(await reader.readCodebuildRoles([connection])).toEqual([codebuildRoleArn]);
    await expect(reader.acceptConnection(seen)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    await expect(reader.deleteConnection(seen)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
    await expect(reader.acceptConnection(hidden)).rejects.toMatchObject({ code: 'NOT_FOUND' });

    const callsFor = async (id: string) => {
      endpoint.calls.length = 0;
      await reader.findConnections([{ id }]);
      return endpoint.calls.map(({ operation }) => operation);
    };
    // That another viewer has seen it makes no difference.
    await service.session(unrestrictedViewer('admin')).findConnections(references);
    expect(await callsFor(hidden.id)).toEqual(await callsFor('00000000-0000-4000-8000-000000000000'));
    service.close();
  });
});
