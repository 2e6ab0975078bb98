import type { ConnectionView } from '../../src/proton/connection';
import { connectionArn, type AccountId } from '../../src/proton/identifiers';
import type { ConnectionListRequest, Page } from '../../src/proton/page';
import type { MaybePromise, ProtonSession } from '../../src/proton/proton-service';
import { accountViewer, unrestrictedViewer } from '../../src/proton/viewer';
import { account, ENVIRONMENT, MANAGEMENT, region, STRANGER } from '../support/proton';
import {
  createSdkService,
  startSignedEndpoint,
  type SdkServiceUnderTest,
  type SignedEndpoint,
} from '../support/sdk-service';

const ADMIN = unrestrictedViewer('admin');
const EAST = region('us-east-1');
const FRANKFURT = region('eu-central-1');
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';
const MAX_CONCURRENT_CALLS = 16;

/** How many calls the adapter makes, and how many of them concurrently. */
describe('The calls that the SDK adapter makes', () => {
  let endpoint: SignedEndpoint;
  let underTest: SdkServiceUnderTest;
  let concurrent = { now: 0, max: 0 };
  /** Reorders the items in the responses of lists. */
  let reorder: <Item>(items: readonly Item[]) => readonly Item[] = (items) => items;
  /** If set, no call gets a response before `size` calls have arrived. */
  let gathering:
    { readonly size: number; readonly complete: () => void; readonly done: Promise<void> } | undefined;
  /** Whether to reject the next call that has a page token. */
  let rejectsToken = false;

  function gather(size: number) {
    let complete: () => void = () => undefined;
    const done = new Promise<void>((resolve) => {
      complete = resolve;
    });
    gathering = { size, complete, done };
  }

  beforeEach(async () => {
    concurrent = { now: 0, max: 0 };
    reorder = (items) => items;
    gathering = undefined;
    rejectsToken = false;
    endpoint = await startSignedEndpoint({
      async around(request, answer) {
        concurrent.now += 1;
        concurrent.max = Math.max(concurrent.max, concurrent.now);
        if (gathering && concurrent.now >= gathering.size) gathering.complete();
        await gathering?.done;
        const answered = await answer(request);
        concurrent.now -= 1;
        if (rejectsToken && request.body.includes('"nextToken"')) {
          rejectsToken = false;
          return {
            ...answered,
            status: 400,
            body: JSON.stringify({ __type: 'ValidationException', message: 'an old token' }),
          };
        }
        const body = JSON.parse(answered.body) as { environmentAccountConnections?: readonly unknown[] };
        const listed = body.environmentAccountConnections;
        return listed
          ? { ...answered, body: JSON.stringify({ ...body, environmentAccountConnections: reorder(listed) }) }
          : answered;
      },
    });
    underTest = serviceFor();
  });

  afterEach(async () => {
    underTest.service.close();
    await endpoint.stop();
  });

  function serviceFor({ accounts = [MANAGEMENT, ENVIRONMENT], regions = [EAST, FRANKFURT] } = {}) {
    return createSdkService({
      endpointUrl: endpoint.origin,
      credentialsFor: endpoint.credentialsFor,
      accounts,
      regions,
    });
  }

  /** Creates connections in both Regions, with the two accounts in either role, and returns them newest first. */
  async function seed(count: number): Promise<readonly ConnectionView[]> {
    const plane = endpoint.service.session(ADMIN);
    const seeded: ConnectionView[] = [];
    for (let index = 0; index < count; index += 1) {
      const swapped = index % 3 === 0;
      if (index % 4 !== 0) endpoint.clock.advance(1);
      seeded.push(
        await plane.createConnection({
          managementAccountId: swapped ? ENVIRONMENT : MANAGEMENT,
          environmentAccountId: swapped ? MANAGEMENT : ENVIRONMENT,
          environmentName: `environment-${String(index)}`,
          region: index % 2 === 0 ? EAST : FRANKFURT,
          tags: [{ key: 'index', value: String(index) }],
        }),
      );
    }
    return seeded.reverse();
  }

  /** Awaits some work and returns its result with the operations that were called meanwhile. */
  async function callsOf<Value>(
    work: MaybePromise<Value>,
  ): Promise<{ value: Value; calls: readonly string[] }> {
    const before = endpoint.calls.length;
    const value = await work;
    return { value, calls: endpoint.calls.slice(before).map(({ operation }) => operation) };
  }

  const GET = 'GetEnvironmentAccountConnection';
  const LIST = 'ListEnvironmentAccountConnections';

  it('are shared by lists that are requested together', async () => {
    await seed(12);
    const session = underTest.service.session(ADMIN);
    const { calls } = await callsOf(
      session.listConnections([
        {},
        { first: 3 },
        { first: 5, filter: { managementAccountId: MANAGEMENT } },
        // This account has no credentials; its connections are in the lists of the others.
        { participation: { accountId: STRANGER, role: null } },
      ]),
    );
    expect(calls).toHaveLength(8);
  });

  describe('to find connections', () => {
    it('are a few pages of lists for a thousand references to a few connections', async () => {
      const seeded = await seed(240);
      const references = Array.from({ length: 1000 }, (_, index) => {
        const connection = seeded[index % seeded.length];
        if (!connection || index % 50 === 0) return { id: UNKNOWN_ID.replace(/^0{4}/, String(1000 + index)) };
        return index % 240 < 120 ? { arn: connectionArn(connection) } : { id: connection.id };
      });
      const session = underTest.service.session(ADMIN);
      gather(4);
      const first = await callsOf(session.findConnections(references));
      expect(first.value.map(idOf)).toEqual(
        references.map((_, index) => (index % 50 === 0 ? undefined : seeded[index % seeded.length]?.id)),
      );
      expect(new Set(first.calls)).toEqual(new Set([LIST]));
      expect(first.calls.length).toBeLessThanOrEqual(20);
      expect(concurrent.max).toBeLessThanOrEqual(MAX_CONCURRENT_CALLS);
    });

    it('are one concurrent Get each for a few connections that were seen before or are given by ARN', async () => {
      const seeded = await seed(12);
      const session = underTest.service.session(ADMIN);
      const references = seeded.map((connection) => ({ arn: connectionArn(connection) }));
      gather(12);
      const named = await callsOf(session.findConnections([...references, ...references]));
      expect(named.value.map(idOf)).toEqual([...seeded, ...seeded].map(({ id }) => id));
      expect(named.calls).toEqual(Array(12).fill(GET));
      const remembered = await callsOf(session.findConnections(seeded));
      expect(remembered.calls).toEqual(Array(12).fill(GET));
      const unknown = await callsOf(session.findConnections([{ id: UNKNOWN_ID }]));
      expect(unknown).toEqual({ value: [undefined], calls: Array(4).fill(GET) });
    });

    it('are only pages of lists for hundreds of made-up ids and ARNs', async () => {
      const [connection] = await seed(40);
      const arn = connectionArn(connection ?? raise('no connection'));
      const ids = Array.from({ length: 300 }, (_, index) =>
        UNKNOWN_ID.replace(/^0{4}/, String(1000 + index)),
      );
      const references = ids.map((id, index) => {
        if (index % 3 === 0) return { id };
        const named = arn.replace(/[^/]*$/, id);
        return { arn: index % 3 === 1 ? named : named.replace(/:\d{12}:/, ':999999999999:') };
      });
      const { value, calls } = await callsOf(underTest.service.session(ADMIN).findConnections(references));
      expect(value).toEqual(Array(300).fill(undefined));
      expect(new Set(calls)).toEqual(new Set([LIST]));
      expect(calls.length).toBeLessThanOrEqual(12);
    });

    it.each([
      // Two accounts in two Regions: four targets, and eight lists.
      [1, 4],
      [4, 16],
      [5, 8],
      [16, 8],
      [17, 8],
      [200, 8],
    ])('are, for %i unknown ids, %i', async (count, expected) => {
      await seed(8);
      const references = Array.from({ length: count }, (_, index) => ({
        id: UNKNOWN_ID.replace(/^0{4}/, String(1000 + index)),
      }));
      const { value, calls } = await callsOf(underTest.service.session(ADMIN).findConnections(references));
      expect(value).toEqual(Array(count).fill(undefined));
      expect(calls).toHaveLength(expected);
    });

    it('are none for malformed references and Regions that are not configured', async () => {
      const [connection] = await seed(1);
      const arn = connectionArn(connection ?? raise('no connection'));
      const references = [
        { id: 'nonsense' },
        { arn: 'nonsense' },
        { arn: arn.replace(/us-east-1/, 'us-west-2') },
      ];
      expect(await callsOf(underTest.service.session(ADMIN).findConnections(references))).toEqual({
        value: [undefined, undefined, undefined],
        calls: [],
      });
    });

    it('are the same for a viewer who may not see a connection, whether another viewer has seen it or not', async () => {
      const service = serviceFor({ accounts: [MANAGEMENT, ENVIRONMENT, STRANGER] });
      const [connection] = await seed(1);
      const { id } = connection ?? raise('no connection');
      await service.service.session(ADMIN).findConnections([{ id }]);
      const stranger = service.service.session(accountViewer(STRANGER));
      const hidden = await callsOf(stranger.findConnections([{ id }]));
      const unknown = await callsOf(stranger.findConnections([{ id: UNKNOWN_ID }]));
      expect(hidden).toEqual({ value: [undefined], calls: unknown.calls });
      service.service.close();
    });

    it('search everywhere if a connection is no longer where it was seen', async () => {
      const [connection] = await seed(1);
      const { id } = connection ?? raise('no connection');
      const session = underTest.service.session(ADMIN);
      await session.findConnections([{ id }]);
      await endpoint.service.session(ADMIN).deleteConnection({ id });
      const gone = await callsOf(session.findConnections([{ id }]));
      expect(gone).toEqual({ value: [undefined], calls: Array(1 + 4).fill(GET) });
      // Its location has been forgotten.
      expect((await callsOf(session.findConnections([{ id }]))).calls).toHaveLength(4);
    });
  });

  describe('to list connections', () => {
    it('are one concurrent call for each account, role and Region that may have some', async () => {
      await seed(8);
      const session = underTest.service.session(ADMIN);
      const cases: readonly [ConnectionListRequest, number][] = [
        [{}, 2 * 2 * 2],
        [{ filter: { region: EAST } }, 2 * 2],
        [{ filter: { environmentAccountId: ENVIRONMENT } }, 2],
        [{ filter: { environmentAccountId: ENVIRONMENT, region: EAST } }, 1],
        [{ filter: { managementAccountId: MANAGEMENT, region: EAST } }, 1],
        // This account has no credentials; the connections it manages are in the lists of the environment accounts.
        [{ filter: { managementAccountId: STRANGER, region: EAST } }, 2],
        [{ participation: { accountId: ENVIRONMENT, role: null }, filter: { region: EAST } }, 2],
        [{ participation: { accountId: ENVIRONMENT, role: 'MANAGEMENT_ACCOUNT' } }, 2],
        [{ filter: { region: 'us-west-2' } }, 0],
        [{ filter: { environmentName: 'no such name!' } }, 0],
      ];
      gather(8);
      for (const [request, expected] of cases) {
        const { calls } = await callsOf(session.listConnections([request]));
        expect([request, calls]).toEqual([request, Array(expected).fill(LIST)]);
      }
      expect(concurrent.max).toBe(8);
    });

    it('do not increase the further down a page is', async () => {
      const seeded = await seed(180);
      const listed: string[] = [];
      const pages: { readonly after: string | undefined; readonly calls: number }[] = [];
      let after: string | undefined;
      for (;;) {
        const { value, calls } = await callsOf(page(underTest.service.session(ADMIN), { after }));
        pages.push({ after, calls: calls.length });
        listed.push(...value.items.map(({ id }) => id));
        if (!value.hasNextPage) break;
        after = value.cursorAt(value.items.length - 1);
      }
      expect(listed).toEqual(inOrder(seeded));
      expect(pages).toHaveLength(9);
      for (const { calls } of pages) expect(calls).toBeLessThanOrEqual(2 * 8);

      // Without remembered page tokens the page is the same, but takes more calls.
      const newAdapter = serviceFor();
      const deep = await callsOf(page(newAdapter.service.session(ADMIN), { after: pages[7]?.after }));
      expect(deep.value.items.map(({ id }) => id)).toEqual(inOrder(seeded).slice(140, 160));
      expect(deep.calls.length).toBeLessThanOrEqual(3 * 8);
      newAdapter.service.close();
    });

    it('start at the top of a list if Proton no longer accepts its page tokens', async () => {
      await seed(60);
      const session = underTest.service.session(ADMIN);
      const request = { filter: { environmentAccountId: ENVIRONMENT, region: EAST }, first: 5 };
      const all = await page(session, { ...request, first: 100 });
      let last = await page(session, request);
      for (let count = 0; count < 2; count += 1)
        last = await page(session, { ...request, after: last.cursorAt(4) });
      rejectsToken = true;
      const next = await callsOf(page(session, { ...request, after: last.cursorAt(4) }));
      expect(rejectsToken).toBe(false);
      expect(next.value.items).toEqual(all.items.slice(15, 20));
      expect(next.calls.length).toBeLessThanOrEqual(3);
    });

    it('return the port’s order if Proton’s lists have another', async () => {
      const seeded = await seed(50);
      reorder = (items) => items.toReversed();
      const session = underTest.service.session(ADMIN);
      const listed: string[] = [];
      for (let after: string | undefined; ;) {
        const { items, hasNextPage, cursorAt } = await page(session, { first: 4, after });
        listed.push(...items.map(({ id }) => id));
        if (!hasNextPage) break;
        after = cursorAt(items.length - 1);
      }
      expect(listed).toEqual(inOrder(seeded));
    });
  });

  describe('to read tags and CodeBuild roles', () => {
    it('are one for each connection, up to the maximum concurrently; a deleted connection has none', async () => {
      const seeded = await seed(40);
      const session = underTest.service.session(ADMIN);
      const { items } = await page(session, { first: 100 });
      const [gone] = seeded;
      await endpoint.service.session(ADMIN).deleteConnection({ id: gone?.id ?? '' });
      gather(MAX_CONCURRENT_CALLS);
      const tags = await callsOf(session.readTags([...items, ...items]));
      expect(tags.calls).toEqual(Array(40).fill('ListTagsForResource'));
      expect(tags.value).toEqual(
        [...items, ...items].map(({ environmentName, id }) =>
          id === gone?.id ? null : [{ key: 'index', value: environmentName.replace(/\D/g, '') }],
        ),
      );
      expect(concurrent.max).toBe(MAX_CONCURRENT_CALLS);
      const roles = await callsOf(session.readCodebuildRoles([...items, ...items]));
      expect(roles.calls).toEqual(Array(40).fill(GET));
      expect(roles.value).toEqual(Array(80).fill(null));
    });
  });

  describe('to write', () => {
    it('are one to find the connection and one to change it, as the account that may', async () => {
      const [connection] = await seed(1);
      const { id, environmentAccountId } = connection ?? raise('no connection');
      const session = underTest.service.session(ADMIN);
      await session.findConnections([{ id }]);
      const role = `arn:aws:iam::${environmentAccountId}:role/x`;
      const writes: readonly [() => Promise<unknown>, string][] = [
        [() => session.acceptConnection({ id }), 'AcceptEnvironmentAccountConnection'],
        [() => session.updateConnection({ id, roleArn: role }), 'UpdateEnvironmentAccountConnection'],
        [() => session.tagConnection({ id, tags: [{ key: 'a', value: '' }] }), 'TagResource'],
        [() => session.untagConnection({ id, tagKeys: ['a'] }), 'UntagResource'],
        [() => session.rejectConnection({ id }), 'RejectEnvironmentAccountConnection'],
        [() => session.deleteConnection({ id }), 'DeleteEnvironmentAccountConnection'],
      ];
      for (const [write, operation] of writes) {
        const { calls } = await callsOf(write());
        expect(calls).toEqual([GET, operation]);
      }
    });

    it('contain the caller’s client token, or a generated one', async () => {
      const session = underTest.service.session(ADMIN);
      const input = { managementAccountId: MANAGEMENT, environmentAccountId: ENVIRONMENT };
      await session.createConnection({ ...input, environmentName: 'a', clientToken: 'the-callers' });
      await session.createConnection({ ...input, environmentName: 'b' });
      await session.createConnection({ ...input, environmentName: 'c' });
      const [given, ...made] = endpoint.calls.map(({ input: { clientToken } }) => clientToken);
      expect(given).toBe('the-callers');
      for (const token of made) expect(token).toMatch(/^[0-9a-f-]{36}$/);
      expect(new Set(made).size).toBe(2);
    });

    it('are denied for an account without credentials and rejected in a Region that is not configured', async () => {
      const environmentAlone = serviceFor({ accounts: [ENVIRONMENT] });
      const session = environmentAlone.service.session(ADMIN);
      const input = { managementAccountId: MANAGEMENT, environmentName: 'a' };
      const created = await session.createConnection({ ...input, environmentAccountId: ENVIRONMENT });
      await expect(session.acceptConnection(created)).rejects.toMatchObject({
        code: 'ACCESS_DENIED',
        message: expect.stringContaining(MANAGEMENT) as unknown,
      });
      await expect(
        session.createConnection({ ...input, environmentAccountId: STRANGER }),
      ).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
      await expect(
        session.createConnection({ ...input, environmentAccountId: ENVIRONMENT, region: 'us-west-2' }),
      ).rejects.toMatchObject({ code: 'VALIDATION_ERROR', violations: [{ path: ['region'] }] });
      environmentAlone.service.close();
    });

    it('fail if the credentials belong to another account', async () => {
      const wrongCredentials = createSdkService({
        endpointUrl: endpoint.origin,
        credentialsFor: (accountId: AccountId) =>
          endpoint.credentialsFor(accountId === ENVIRONMENT ? STRANGER : accountId),
        accounts: [ENVIRONMENT],
      });
      const session = wrongCredentials.service.session(ADMIN);
      const create = session.createConnection({
        managementAccountId: account('444444444444'),
        environmentAccountId: ENVIRONMENT,
        environmentName: 'whose',
      });
      await expect(create).rejects.toThrow(/not that account's credentials/);
      await expect(create).rejects.not.toHaveProperty('code');
      const [listed] = await session.listConnections([{}]);
      expect(listed).toMatchObject({ message: expect.stringMatching(/not that account's/) as unknown });
      wrongCredentials.service.close();
    });

    it('report Proton’s exceptions for the log', async () => {
      const session = underTest.service.session(ADMIN);
      const input = {
        managementAccountId: MANAGEMENT,
        environmentAccountId: ENVIRONMENT,
        environmentName: 'twice',
      };
      await session.createConnection(input);
      await expect(session.createConnection(input)).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(underTest.reports).toMatchObject([
        {
          kind: 'expected',
          operation: 'CreateEnvironmentAccountConnection',
          accountId: ENVIRONMENT,
          region: EAST,
          errorName: 'ConflictException',
          httpStatus: 400,
          requestId: expect.any(String) as unknown,
        },
      ]);
    });
  });
});

function inOrder(connections: readonly ConnectionView[]): readonly string[] {
  return connections
    .toSorted((a, b) => b.requestedAt - a.requestedAt || (a.id < b.id ? 1 : -1))
    .map(({ id }) => id);
}

async function page(session: ProtonSession, request: ConnectionListRequest): Promise<Page<ConnectionView>> {
  const [result] = await session.listConnections([request]);
  if (result === undefined || result instanceof Error) throw result ?? new Error('no result');
  return result;
}

function raise(message: string): never {
  throw new Error(message);
}

function idOf(found: ConnectionView | undefined | Error): string | undefined {
  if (found instanceof Error) throw found;
  return found?.id;
}
