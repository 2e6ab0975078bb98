import type { Connection, Tag } from '../../src/proton/connection';
import { ConnectionAction } from '../../src/proton/connection-actions';
import type { ConnectionSelection, Page, TagFilter } from '../../src/proton/page';
import { connectionArn } from '../../src/proton/identifiers';
import { ProtonFailure, type FailureCode } from '../../src/proton/failure';
import type { ProtonService, ProtonSession } from '../../src/proton/proton-service';
import { accountViewer, unrestrictedViewer, type Permission, type Viewer } from '../../src/proton/viewer';
import { completing } from '../support/completing-session';
import { account, ENVIRONMENT, MANAGEMENT, STRANGER, type Clock } from '../support/proton';

const HOUR = 60 * 60 * 1000;
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';
const ROLE = `arn:aws:iam::${ENVIRONMENT}:role/proton-provisioning`;
const OTHER_ROLE = `arn:aws:iam::${ENVIRONMENT}:role/other`;
const PAYMENTS = { managementAccountId: MANAGEMENT, environmentName: 'payments-prod', roleArn: ROLE };

type Session = ProtonSession<Connection>;

export interface ServiceUnderTest {
  readonly service: ProtonService;
  /** The service's clock. */
  readonly clock: Clock;
  readonly close: () => Promise<void>;
}

/** Features that AWS's API does not have. */
export interface AdapterTraits {
  readonly keepsHistory: boolean;
  readonly counts: boolean;
}

/**
 * The contract of the port, which every adapter must fulfil. Members of connections that an adapter leaves out are read and filled
 * in before they are compared.
 */
export function describeProtonService(
  adapter: string,
  { keepsHistory, counts }: AdapterTraits,
  start: (options: { quota: number }) => Promise<ServiceUnderTest>,
): void {
  describe(`The Proton service, ${adapter}`, () => {
    let underTest: ServiceUnderTest;
    let environment: Session;
    let management: Session;
    let stranger: Session;
    const sessionOf = (viewer: Viewer) => completing(underTest.service.session(viewer));

    async function expectEvents(session: Session, connection: Connection, types: readonly string[]) {
      const [result] = await session.listHistory([{ connection }]);
      if (result instanceof Error) throw result;
      expect(result?.items.map(({ type }) => type)).toEqual(keepsHistory ? types : undefined);
    }

    async function expectCount(session: Session, selection: ConnectionSelection, count: number) {
      expect(await session.countConnections([selection])).toEqual([counts ? count : null]);
    }

    beforeEach(async () => {
      underTest = await start({ quota: 5 });
      environment = sessionOf(accountViewer(ENVIRONMENT));
      management = sessionOf(accountViewer(MANAGEMENT));
      stranger = sessionOf(accountViewer(STRANGER));
    });

    afterEach(() => underTest.close());

    describe('creating', () => {
      it('creates a pending connection, requested and last modified now', async () => {
        const created = await environment.createConnection(PAYMENTS);
        const now = underTest.clock.now();
        expect(created).toMatchObject({
          status: 'PENDING',
          region: 'us-east-1',
          environmentName: 'payments-prod',
          managementAccountId: MANAGEMENT,
          environmentAccountId: ENVIRONMENT,
          roleArn: ROLE,
          componentRoleArn: null,
          codebuildRoleArn: null,
          requestedAt: now,
          lastModifiedAt: now,
          tags: [],
        });
        expect(await one(management, created.id)).toEqual(created);
      });

      it('reports every violation at once, each with its path', async () => {
        const failure = await failureOf(
          environment.createConnection({
            managementAccountId: '12',
            environmentName: '-x',
            region: 'mars',
            roleArn: 'nonsense',
            tags: [{ key: 'AWS:x', value: 'a\u0000' }],
            clientToken: 'with space',
          }),
        );
        expect(failure.code).toBe('VALIDATION_ERROR');
        expect(failure.violations.map(({ path }) => path.join('.'))).toEqual([
          'managementAccountId',
          'environmentName',
          'region',
          'roleArn',
          'clientToken',
          'tags.0.key',
          'tags.0.value',
        ]);
      });

      it('prefers the given environment account, then the account of the roles, then the viewer’s own', async () => {
        const everywhere = sessionOf(unrestrictedViewer('admin'));
        const byRole = await everywhere.createConnection(PAYMENTS);
        expect(byRole.environmentAccountId).toBe(ENVIRONMENT);
        const own = await environment.createConnection({
          managementAccountId: MANAGEMENT,
          environmentName: 'own',
        });
        expect(own.environmentAccountId).toBe(ENVIRONMENT);
        const named = await everywhere.createConnection({
          ...PAYMENTS,
          roleArn: null,
          environmentAccountId: STRANGER,
        });
        expect(named.environmentAccountId).toBe(STRANGER);
        const failure = await failureOf(
          everywhere.createConnection({ ...PAYMENTS, environmentAccountId: STRANGER }),
        );
        expect(failure.violations.map(({ path }) => path)).toEqual([['roleArn']]);
      });

      it('rejects a role of another partition than the Region’s', async () => {
        const failure = await failureOf(environment.createConnection({ ...PAYMENTS, region: 'cn-north-1' }));
        expect(failure.violations).toMatchObject([{ path: ['roleArn'] }]);
        const china = { ...PAYMENTS, region: 'cn-north-1', roleArn: ROLE.replace('arn:aws:', 'arn:aws-cn:') };
        const created = await environment.createConnection(china);
        expect(connectionArn(created)).toMatch(/^arn:aws-cn:proton:cn-north-1:222222222222:/);
        const government = {
          ...PAYMENTS,
          region: 'us-gov-west-1',
          roleArn: ROLE.replace('arn:aws:', 'arn:aws-us-gov:'),
        };
        expect(connectionArn(await environment.createConnection(government))).toMatch(
          /^arn:aws-us-gov:proton:us-gov-west-1:/,
        );
      });

      it('has no account of the viewer’s own when the viewer may write to several', async () => {
        const several = new Map([ENVIRONMENT, STRANGER].map((id) => [id, new Set<Permission>(['write'])]));
        const viewer = { subject: 'someone', onEveryAccount: new Set<Permission>(), onAccounts: several };
        const session = sessionOf(viewer);
        const withoutAccount = { managementAccountId: MANAGEMENT, environmentName: 'whose' };
        // The configured default remains, and the viewer may not write to it.
        expect(await codeOf(session.createConnection(withoutAccount))).toBe('ACCESS_DENIED');
        await session.createConnection({ ...withoutAccount, environmentAccountId: STRANGER });
      });

      it('denies creating for an account that the viewer may not write to', async () => {
        expect(await codeOf(management.createConnection(PAYMENTS))).toBe('ACCESS_DENIED');
      });

      it('rejects a second live connection for the same accounts, Region and environment, and names the first', async () => {
        const first = await environment.createConnection(PAYMENTS);
        const failure = await failureOf(environment.createConnection(PAYMENTS));
        expect(failure.code).toBe('CONFLICT');
        expect(failure.message).toContain(first.id);
        await environment.createConnection({ ...PAYMENTS, region: 'eu-central-1' });
        await management.rejectConnection(first);
        const second = await environment.createConnection(PAYMENTS);
        expect(second.id).not.toBe(first.id);
      });

      it('counts connections of every status against the quota of an account in a Region', async () => {
        for (const environmentName of ['a', 'b', 'c', 'd', 'e']) {
          const created = await environment.createConnection({ ...PAYMENTS, environmentName });
          await management.rejectConnection(created);
        }
        expect(await codeOf(environment.createConnection({ ...PAYMENTS, environmentName: 'f' }))).toBe(
          'QUOTA_EXCEEDED',
        );
        await environment.createConnection({ ...PAYMENTS, environmentName: 'f', region: 'eu-central-1' });
      });
    });

    describe('the client token', () => {
      const withToken = { ...PAYMENTS, clientToken: 'token-1', tags: [tag('a', '1'), tag('b', '2')] };

      it('returns the first call’s connection, as it is now, when the call is repeated', async () => {
        const first = await environment.createConnection(withToken);
        await management.acceptConnection(first);
        const again = await environment.createConnection({
          ...withToken,
          tags: [...withToken.tags].reverse(),
        });
        expect(again).toMatchObject({ id: first.id, status: 'CONNECTED' });
        await expectEvents(environment, first, ['ACCEPTED', 'CREATED']);
      });

      it('rejects other parameters with a violation at the token', async () => {
        await environment.createConnection(withToken);
        for (const change of [
          { environmentName: 'other' },
          { roleArn: OTHER_ROLE },
          { tags: [] },
          { managementAccountId: STRANGER },
        ]) {
          const failure = await failureOf(environment.createConnection({ ...withToken, ...change }));
          expect(failure.violations.map(({ path }) => path)).toEqual([['clientToken']]);
        }
      });

      it('is valid for exactly 8 hours', async () => {
        const first = await environment.createConnection(withToken);
        underTest.clock.advance(8 * HOUR - 1);
        expect((await environment.createConnection(withToken)).id).toBe(first.id);
        underTest.clock.advance(1);
        expect(await codeOf(environment.createConnection(withToken))).toBe('CONFLICT');
        const other = await environment.createConnection({ ...withToken, environmentName: 'other' });
        expect((await environment.createConnection({ ...withToken, environmentName: 'other' })).id).toBe(
          other.id,
        );
      });

      it('creates a new connection once the first is deleted', async () => {
        const first = await environment.createConnection(withToken);
        await environment.deleteConnection(first);
        const second = await environment.createConnection(withToken);
        expect(second.id).not.toBe(first.id);
        expect((await environment.createConnection(withToken)).id).toBe(second.id);
      });

      it('belongs to one environment account and Region, and is ignored when it is empty', async () => {
        const first = await environment.createConnection(withToken);
        const elsewhere = await environment.createConnection({ ...withToken, region: 'eu-central-1' });
        expect(elsewhere.id).not.toBe(first.id);
        expect(await codeOf(environment.createConnection({ ...withToken, clientToken: '' }))).toBe(
          'CONFLICT',
        );
      });
    });

    describe('accepting and rejecting', () => {
      it('lets the management account accept, and otherwise changes only lastModifiedAt', async () => {
        const created = await environment.createConnection(PAYMENTS);
        underTest.clock.advance(1000);
        const accepted = await management.acceptConnection(created);
        expect(accepted).toEqual({
          ...created,
          status: 'CONNECTED',
          lastModifiedAt: created.requestedAt + 1000,
        });
      });

      it('changes nothing when it is repeated', async () => {
        const created = await environment.createConnection(PAYMENTS);
        const accepted = await management.acceptConnection(created);
        underTest.clock.advance(1000);
        expect(await management.acceptConnection(created)).toEqual(accepted);
        const rejected = await management.rejectConnection(created);
        underTest.clock.advance(1000);
        expect(await management.rejectConnection(created)).toEqual(rejected);
        await expectEvents(management, created, ['REJECTED', 'ACCEPTED', 'CREATED']);
      });

      it('rejects a connected connection for good', async () => {
        const created = await environment.createConnection(PAYMENTS);
        await management.acceptConnection(created);
        expect(await management.rejectConnection(created)).toMatchObject({ status: 'REJECTED' });
        expect(await codeOf(management.acceptConnection(created))).toBe('CONFLICT');
        expect(await codeOf(environment.updateConnection({ id: created.id, roleArn: OTHER_ROLE }))).toBe(
          'CONFLICT',
        );
      });

      it('is denied to the environment account', async () => {
        const created = await environment.createConnection(PAYMENTS);
        expect(await codeOf(environment.acceptConnection(created))).toBe('ACCESS_DENIED');
        expect(await codeOf(environment.rejectConnection(created))).toBe('ACCESS_DENIED');
      });

      it('lets one account have both roles', async () => {
        const created = await environment.createConnection({ ...PAYMENTS, managementAccountId: ENVIRONMENT });
        expect(await environment.acceptConnection(created)).toMatchObject({ status: 'CONNECTED' });
      });
    });

    describe('updating', () => {
      it('sets the given roles and keeps the other roles and the status', async () => {
        const created = await environment.createConnection(PAYMENTS);
        await management.acceptConnection(created);
        underTest.clock.advance(1000);
        const updated = await environment.updateConnection({
          id: created.id,
          codebuildRoleArn: OTHER_ROLE,
          roleArn: null,
        });
        expect(updated).toMatchObject({
          status: 'CONNECTED',
          roleArn: ROLE,
          codebuildRoleArn: OTHER_ROLE,
          requestedAt: created.requestedAt,
          lastModifiedAt: created.requestedAt + 1000,
        });
      });

      it('changes nothing when the roles are the same', async () => {
        const created = await environment.createConnection(PAYMENTS);
        underTest.clock.advance(1000);
        expect(await environment.updateConnection({ id: created.id, roleArn: ROLE })).toEqual(created);
        await expectEvents(environment, created, ['CREATED']);
      });

      it('needs a role of the environment account', async () => {
        const created = await environment.createConnection(PAYMENTS);
        expect((await failureOf(environment.updateConnection({ id: created.id }))).violations).toMatchObject([
          { path: [] },
        ]);
        const foreign = { id: created.id, componentRoleArn: `arn:aws:iam::${STRANGER}:role/x` };
        expect((await failureOf(environment.updateConnection(foreign))).violations).toMatchObject([
          { path: ['componentRoleArn'] },
        ]);
      });

      it('is denied to the management account', async () => {
        const created = await environment.createConnection(PAYMENTS);
        expect(await codeOf(management.updateConnection({ id: created.id, roleArn: ROLE }))).toBe(
          'ACCESS_DENIED',
        );
      });
    });

    describe('deleting', () => {
      it('returns the connection as it last was, and nothing when it is repeated', async () => {
        const created = await environment.createConnection(PAYMENTS);
        const accepted = await management.acceptConnection(created);
        expect(await environment.deleteConnection(created)).toEqual(accepted);
        expect(await one(environment, created.id)).toBeUndefined();
        expect(await environment.deleteConnection(created)).toBeUndefined();
        expect(await environment.deleteConnection({ id: UNKNOWN_ID })).toBeUndefined();
      });

      it('is denied to the management account', async () => {
        const created = await environment.createConnection(PAYMENTS);
        expect(await codeOf(management.deleteConnection(created))).toBe('ACCESS_DENIED');
        expect(await one(management, created.id)).toEqual(created);
      });
    });

    describe('tags', () => {
      it('are added, replaced and removed, and never change lastModifiedAt', async () => {
        const created = await environment.createConnection({ ...PAYMENTS, tags: [tag('team', 'a')] });
        underTest.clock.advance(1000);
        const tagged = await environment.tagConnection({
          id: created.id,
          tags: [tag('team', 'b'), tag('größe', '東京')],
        });
        expect(tagged).toEqual({ ...created, tags: [tag('größe', '東京'), tag('team', 'b')] });
        const untagged = await environment.untagConnection({
          id: created.id,
          tagKeys: ['team', 'team', 'absent'],
        });
        expect(untagged).toEqual({ ...created, tags: [tag('größe', '東京')] });
        await expectEvents(environment, created, ['UNTAGGED', 'TAGGED', 'CREATED']);
      });

      it('that change nothing leave no event', async () => {
        const created = await environment.createConnection({ ...PAYMENTS, tags: [tag('team', 'a')] });
        await environment.tagConnection({ id: created.id, tags: [tag('team', 'a')] });
        await environment.untagConnection({ id: created.id, tagKeys: ['absent'] });
        await expectEvents(environment, created, ['CREATED']);
      });

      it('are limited to 50 per connection, not per call', async () => {
        const tags = Array.from({ length: 50 }, (_, index) => tag(`key-${String(index)}`, ''));
        const created = await environment.createConnection({ ...PAYMENTS, tags });
        const failure = await failureOf(
          environment.tagConnection({ id: created.id, tags: [tag('one-more', '')] }),
        );
        expect(failure.violations).toMatchObject([{ path: ['tags'] }]);
        await environment.tagConnection({ id: created.id, tags: [tag('key-7', 'replaced')] });
      });

      it('may be put on a rejected connection', async () => {
        const created = await environment.createConnection(PAYMENTS);
        await management.rejectConnection(created);
        expect(await environment.tagConnection({ id: created.id, tags: [tag('a', 'b')] })).toMatchObject({
          status: 'REJECTED',
          tags: [tag('a', 'b')],
        });
      });

      it('are denied to the management account', async () => {
        const created = await environment.createConnection(PAYMENTS);
        expect(await codeOf(management.tagConnection({ id: created.id, tags: [tag('a', 'b')] }))).toBe(
          'ACCESS_DENIED',
        );
        expect(await codeOf(management.untagConnection({ id: created.id, tagKeys: ['a'] }))).toBe(
          'ACCESS_DENIED',
        );
      });
    });

    describe('a third account', () => {
      it('gets from every method exactly what it gets for an unknown id', async () => {
        const created = await environment.createConnection(PAYMENTS);
        const { id } = created;
        const methods: readonly ((session: Session, id: string) => Promise<unknown>)[] = [
          (session, id) => session.acceptConnection({ id }),
          (session, id) => session.rejectConnection({ id }),
          (session, id) => session.updateConnection({ id, roleArn: ROLE }),
          (session, id) => session.tagConnection({ id, tags: [tag('a', 'b')] }),
          (session, id) => session.untagConnection({ id, tagKeys: ['a'] }),
        ];
        for (const method of methods) {
          const hidden = await failureOf(method(stranger, id));
          const unknown = await failureOf(method(stranger, UNKNOWN_ID));
          expect(hidden.code).toBe('NOT_FOUND');
          expect(hidden.message.replace(id, '')).toBe(unknown.message.replace(UNKNOWN_ID, ''));
        }
        expect(await stranger.deleteConnection({ id })).toBeUndefined();
        expect(await one(stranger, id)).toBeUndefined();
        expect(await stranger.findConnections([{ arn: connectionArn(created) }])).toEqual([undefined]);
        expect((await page(stranger, {})).items).toEqual([]);
        await expectCount(stranger, {}, 0);
        const participation = { accountId: ENVIRONMENT, role: null };
        expect((await page(stranger, { participation })).items).toEqual([]);
        await expectCount(stranger, { participation }, 0);
        await expectEvents(stranger, created, []);
        expect(await one(environment, id)).toEqual(created);
      });
    });

    describe('permissions', () => {
      it('allow each write with exactly the permission that it needs', async () => {
        const created = await environment.createConnection(PAYMENTS);
        const { id } = created;
        const writes: readonly [Permission, string, (session: Session) => Promise<unknown>][] = [
          ['write', ENVIRONMENT, (session) => session.tagConnection({ id, tags: [tag('a', 'b')] })],
          ['write', ENVIRONMENT, (session) => session.untagConnection({ id, tagKeys: ['a'] })],
          ['write', ENVIRONMENT, (session) => session.updateConnection({ id, roleArn: OTHER_ROLE })],
          ['approve', MANAGEMENT, (session) => session.acceptConnection({ id })],
          ['approve', MANAGEMENT, (session) => session.rejectConnection({ id })],
          ['write', ENVIRONMENT, (session) => session.deleteConnection({ id })],
        ];
        for (const [needed, accountId, write] of writes) {
          for (const permission of ['read', 'write', 'approve'] as const) {
            if (permission === needed) continue;
            const session = sessionOf(viewerWith(accountId, permission));
            expect(await codeOf(write(session))).toBe('ACCESS_DENIED');
          }
          await write(sessionOf(viewerWith(accountId, needed)));
        }
      });
    });

    describe('the actions of a viewer', () => {
      const WRITES: Readonly<Record<ConnectionAction, (session: Session, id: string) => Promise<unknown>>> = {
        UPDATE: (session, id) => session.updateConnection({ id, roleArn: OTHER_ROLE }),
        TAG: (session, id) => session.tagConnection({ id, tags: [tag('new', '')] }),
        UNTAG: (session, id) => session.untagConnection({ id, tagKeys: ['team'] }),
        DELETE: (session, id) => session.deleteConnection({ id }),
        ACCEPT: (session, id) => session.acceptConnection({ id }),
        REJECT: (session, id) => session.rejectConnection({ id }),
      };
      const environmentWriter = viewerWith(ENVIRONMENT, 'write');
      const managementApprover = viewerWith(MANAGEMENT, 'approve');

      async function create(status: string): Promise<Connection> {
        const created = await sessionOf(environmentWriter).createConnection({
          ...PAYMENTS,
          tags: [tag('team', 'payments')],
        });
        const approver = sessionOf(managementApprover);
        if (status === 'CONNECTED') return approver.acceptConnection(created);
        return status === 'REJECTED' ? approver.rejectConnection(created) : created;
      }

      it.each(['PENDING', 'CONNECTED', 'REJECTED'])(
        'on a %s connection are the writes that succeed and change it',
        async (status) => {
          for (const viewer of [environmentWriter, managementApprover]) {
            for (const action of Object.values(ConnectionAction)) {
              const before = await create(status);
              const { id } = before;
              const session = sessionOf(viewer);
              const [actions = []] = await session.readActions([before]);
              underTest.clock.advance(1);
              const succeeded = await WRITES[action](session, id).then(
                () => true,
                (error: unknown) => {
                  expect(error).toBeInstanceOf(ProtonFailure);
                  return false;
                },
              );
              const owner = sessionOf(environmentWriter);
              const after = await one(owner, id);
              const isChanged = JSON.stringify(after) !== JSON.stringify(before);
              expect([action, actions.includes(action)]).toEqual([action, succeeded && isChanged]);
              await owner.deleteConnection({ id });
            }
          }
        },
      );

      it('are none without the permission that they need', async () => {
        const pending = await create('PENDING');
        const others: readonly Viewer[] = [
          accountViewer(STRANGER),
          viewerWith(ENVIRONMENT, 'read'),
          viewerWith(ENVIRONMENT, 'approve'),
          viewerWith(MANAGEMENT, 'read'),
          viewerWith(MANAGEMENT, 'write'),
        ];
        for (const viewer of others) expect(await sessionOf(viewer).readActions([pending])).toEqual([[]]);
      });
    });

    describe('the overview', () => {
      it('is null where the adapter can’t count, and checks the number of weeks all the same', async () => {
        await environment.createConnection(PAYMENTS);
        const overview = await environment.readOverview({ weeks: 1 });
        const requested = { byStatus: { PENDING: 1 }, weeks: [{ requested: 1 }] };
        if (counts) expect(overview).toMatchObject(requested);
        else expect(overview).toBeNull();
        const failure = await failureOf((async () => environment.readOverview({ weeks: 105 }))());
        expect(failure.violations).toEqual([{ path: ['weeks'], message: 'must be 1 to 104' }]);
      });

      it('comes with the pending connections that have waited longest, where the adapter has it', async () => {
        const first = await environment.createConnection({ ...PAYMENTS, environmentName: 'a' });
        underTest.clock.advance(HOUR);
        const second = await environment.createConnection({ ...PAYMENTS, environmentName: 'b' });
        await management.acceptConnection(await environment.createConnection(PAYMENTS));
        const [longest, longestOne, none, unseen] = [
          ...(await management.listLongestPending([
            {},
            { first: 1 },
            { filter: { statuses: ['CONNECTED', 'REJECTED'] } },
          ])),
          ...(await stranger.listLongestPending([{}])),
        ];
        if (counts) {
          expect([longest, longestOne, none, unseen]).toEqual([[first, second], [first], [], []]);
        } else {
          expect([longest, longestOne, none, unseen]).toEqual([null, null, null, null]);
        }
        const [wrong, right] = await management.listLongestPending([{ first: 101 }, {}]);
        if (counts)
          expect(wrong).toMatchObject({ violations: [{ path: ['first'], message: 'must be 1 to 100' }] });
        expect(right).toEqual(longest);
      });
    });

    describe('the accounts that a viewer may read', () => {
      it('are those of the permissions, or all that this service knows', async () => {
        await environment.createConnection(PAYMENTS);
        const idsOf = async (session: Session) =>
          (await session.listAccounts({})).items.map(({ id }) => String(id));
        expect(await idsOf(environment)).toEqual([ENVIRONMENT]);
        const everywhere = await idsOf(sessionOf(unrestrictedViewer('admin')));
        expect(everywhere).toEqual(expect.arrayContaining([MANAGEMENT, ENVIRONMENT]));
        expect(everywhere).toEqual(everywhere.toSorted());
      });
    });

    describe('finding', () => {
      it('returns connections in the order of their ids and ARNs, and undefined for unknown or malformed ones', async () => {
        const a = await environment.createConnection({ ...PAYMENTS, environmentName: 'a' });
        const b = await environment.createConnection({ ...PAYMENTS, environmentName: 'b' });
        const arn = connectionArn(a);
        const found = await environment.findConnections([
          { id: b.id },
          { arn },
          { id: UNKNOWN_ID },
          { id: 'nonsense' },
          { arn: 'nonsense' },
          { arn: arn.replace('us-east-1', 'eu-west-1') },
          { arn: arn.replace('aws:', 'aws-cn:') },
          { arn: arn.replace(ENVIRONMENT, MANAGEMENT) },
          { id: a.id.toUpperCase() },
          { id: a.id },
          { id: b.id },
        ]);
        expect(found).toEqual([b, a, ...Array<undefined>(7).fill(undefined), a, b]);
      });
    });

    describe('listing', () => {
      it('runs from the newest request to the oldest, then by id', async () => {
        const created: Connection[] = [];
        for (const environmentName of ['a', 'b', 'c'])
          created.push(await environment.createConnection({ ...PAYMENTS, environmentName }));
        underTest.clock.advance(1);
        const newest = await environment.createConnection({ ...PAYMENTS, environmentName: 'd' });
        const tied = created
          .map(({ id }) => id)
          .sort()
          .reverse();
        expect((await page(environment, {})).items.map(({ id }) => id)).toEqual([newest.id, ...tied]);
      });

      it('loses and repeats no connection between pages while others are created and deleted', async () => {
        const names = ['a', 'b', 'c', 'd', 'e'];
        const created = new Map<string, Connection>();
        for (const environmentName of names) {
          underTest.clock.advance(1);
          created.set(environmentName, await environment.createConnection({ ...PAYMENTS, environmentName }));
        }
        const first = await page(environment, { first: 2 });
        expect(first.items.map(({ environmentName }) => environmentName)).toEqual(['e', 'd']);
        expect(first).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
        const after = first.cursorAt(1);

        for (const gone of ['d', 'c'])
          await environment.deleteConnection({ id: created.get(gone)?.id ?? '' });
        underTest.clock.advance(1);
        await environment.createConnection({ ...PAYMENTS, environmentName: 'f' });

        const second = await page(environment, { first: 1, after });
        expect(second.items.map(({ environmentName }) => environmentName)).toEqual(['b']);
        expect(second).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
        const third = await page(environment, { first: 100, after: second.cursorAt(0) });
        expect(third.items.map(({ environmentName }) => environmentName)).toEqual(['a']);
        expect(third).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
      });

      it('filters by every member of the filter, and by the role of an account', async () => {
        const a = await environment.createConnection({ ...PAYMENTS, environmentName: 'a' });
        const b = await environment.createConnection({
          ...PAYMENTS,
          environmentName: 'b',
          region: 'eu-central-1',
        });
        const reverse = await management.createConnection({
          managementAccountId: ENVIRONMENT,
          environmentName: 'a',
        });
        const self = await environment.createConnection({
          managementAccountId: ENVIRONMENT,
          environmentName: 'self',
        });
        await management.acceptConnection(b);
        const everywhere = sessionOf(unrestrictedViewer('admin'));
        const participation = (role: 'MANAGEMENT_ACCOUNT' | 'ENVIRONMENT_ACCOUNT' | null) => ({
          participation: { accountId: ENVIRONMENT, role },
        });
        const cases: readonly [Parameters<typeof page>[1], readonly Connection[]][] = [
          [{ filter: { environmentName: 'a' } }, [a, reverse]],
          [{ filter: { region: 'eu-central-1' } }, [b]],
          [{ filter: { managementAccountId: MANAGEMENT } }, [a, b]],
          [{ filter: { environmentAccountId: MANAGEMENT } }, [reverse]],
          [{ filter: { statuses: ['CONNECTED'] } }, [b]],
          [{ filter: { statuses: ['PENDING', 'REJECTED'] } }, [a, reverse, self]],
          [{ filter: { statuses: [] } }, [a, b, reverse, self]],
          [{ filter: { managementAccountId: MANAGEMENT, statuses: ['PENDING'] } }, [a]],
          [{ filter: { environmentName: 'no such name' } }, []],
          [{ filter: { managementAccountId: 'nonsense' } }, []],
          [participation('MANAGEMENT_ACCOUNT'), [reverse, self]],
          [participation('ENVIRONMENT_ACCOUNT'), [a, b, self]],
          [participation(null), [a, b, reverse, self]],
          [{ ...participation(null), filter: { region: 'us-east-1' } }, [a, reverse, self]],
        ];
        for (const [request, expected] of cases) {
          const listed = await page(everywhere, request);
          expect(idsOf(listed.items)).toEqual(idsOf(expected));
          await expectCount(everywhere, request, expected.length);
        }
      });

      it('filters by the beginning of the name, in which no character is a wildcard', async () => {
        const names = ['pay_prod', 'pay-prod', 'payments', 'Pay'];
        for (const environmentName of names)
          await environment.createConnection({ ...PAYMENTS, environmentName });
        const cases: readonly [string | null, readonly string[]][] = [
          ['pay', ['pay_prod', 'pay-prod', 'payments']],
          ['pay_', ['pay_prod']],
          ['pay-prod', ['pay-prod']],
          ['P', ['Pay']],
          ['p%', []],
          ['*', []],
          ['payments-and-more', []],
          ['\u0000', []],
          ['', names],
          [null, names],
        ];
        for (const [environmentNamePrefix, expected] of cases) {
          const request = { filter: { environmentNamePrefix } };
          // A session may have a deadline for all its calls.
          const session = sessionOf(accountViewer(ENVIRONMENT));
          const { items } = await page(session, request);
          expect([
            environmentNamePrefix,
            items.map(({ environmentName }) => environmentName).toSorted(),
          ]).toEqual([environmentNamePrefix, expected.toSorted()]);
          await expectCount(environment, request, expected.length);
        }
        const both = { filter: { environmentNamePrefix: 'pay', environmentName: 'Pay' } };
        expect((await page(environment, both)).items).toEqual([]);
        await expectCount(environment, both, 0);
      });

      it('filters by tags, of which all must be there', async () => {
        const create = (environmentName: string, tags: readonly Tag[]) =>
          environment.createConnection({ ...PAYMENTS, environmentName, tags });
        const a = await create('a', [tag('team', 'payments'), tag('stage', 'prod')]);
        const b = await create('b', [tag('team', ''), tag('stage', 'prod')]);
        const c = await create('c', [tag('Team', 'payments')]);
        const d = await create('d', []);
        const cases: readonly [readonly TagFilter[] | null, readonly Connection[]][] = [
          [[{ key: 'team' }], [a, b]],
          [[{ key: 'team', value: null }], [a, b]],
          [[{ key: 'team', value: 'payments' }], [a]],
          [[{ key: 'team', value: '' }], [b]],
          [[{ key: 'team', value: 'pay' }], []],
          [[{ key: 'tea' }], []],
          [
            [{ key: 'team' }, { key: 'stage', value: 'prod' }],
            [a, b],
          ],
          [
            [
              { key: 'team', value: '' },
              { key: 'stage', value: 'dev' },
            ],
            [],
          ],
          [[{ key: 'team', value: 'payments' }, { key: 'team' }], [a]],
          [
            [
              { key: 'team', value: 'payments' },
              { key: 'team', value: '' },
            ],
            [],
          ],
          [[{ key: '' }], []],
          [[{ key: 'team","value":"payments' }], []],
          [[{ key: '%' }], []],
          [Array.from({ length: 60 }, (_, index) => ({ key: String(index) })), []],
          [[], [a, b, c, d]],
          [null, [a, b, c, d]],
        ];
        for (const [tags, expected] of cases) {
          const request = { filter: { tags } };
          const session = sessionOf(accountViewer(ENVIRONMENT));
          expect([tags, idsOf((await page(session, request)).items)]).toEqual([tags, idsOf(expected)]);
          await expectCount(environment, request, expected.length);
        }
        const session = sessionOf(accountViewer(ENVIRONMENT));
        await session.tagConnection({ id: d.id, tags: [tag('team', 'new')] });
        await session.untagConnection({ id: a.id, tagKeys: ['team'] });
        const { items } = await page(session, { filter: { tags: [{ key: 'team' }] } });
        expect(idsOf(items)).toEqual(idsOf([b, d]));
        // A second page starts where the first one ended, although most connections between them have other tags.
        const first = await page(session, { first: 1, filter: { tags: [{ key: 'team' }] } });
        const rest = await page(session, {
          after: first.cursorAt(0),
          filter: { tags: [{ key: 'team', value: null }] },
        });
        expect(idsOf([...first.items, ...rest.items])).toEqual(idsOf([b, d]));
        expect(first.hasNextPage).toBe(true);
        expect(rest.hasNextPage).toBe(false);
      });

      it('rejects a page size outside 1 to 100 and uses the default for null', async () => {
        for (const first of [0, -1, 101, 1.5]) {
          expect(await listFailure(environment, { first })).toMatchObject({
            violations: [{ path: ['first'] }],
          });
        }
        await environment.createConnection(PAYMENTS);
        expect((await page(environment, { first: null })).items).toHaveLength(1);
      });

      it('rejects a cursor of another list or filter', async () => {
        const created = await environment.createConnection(PAYMENTS);
        const cursor = (await page(environment, {})).cursorAt(0);
        const malformed = [
          '',
          'nonsense',
          ` ${cursor}`,
          `${cursor}=`,
          cursor.slice(0, -4),
          cursor.replace(/^./, '_'),
          Buffer.from('a b c').toString('base64'),
        ];
        for (const after of malformed) {
          expect(await listFailure(environment, { after })).toMatchObject({
            violations: [{ path: ['after'] }],
          });
        }
        for (const other of [
          { filter: { statuses: ['PENDING'] } },
          { filter: { environmentName: 'payments-prod' } },
          { filter: { environmentNamePrefix: 'payments' } },
          { filter: { tags: [{ key: 'team' }] } },
          { participation: { accountId: ENVIRONMENT, role: null } },
        ] as const) {
          expect(await listFailure(environment, { ...other, after: cursor })).toMatchObject({
            code: 'VALIDATION_ERROR',
          });
        }
        const [history] = await environment.listHistory([{ connection: created, after: cursor }]);
        if (keepsHistory) expect(history).toMatchObject({ code: 'VALIDATION_ERROR' });
        else expect(history).toBeNull();
      });

      it('accepts a cursor with an equivalent filter and another page size', async () => {
        for (const environmentName of ['a', 'b', 'c'])
          await environment.createConnection({ ...PAYMENTS, environmentName });
        const { items, cursorAt } = await page(environment, {
          first: 1,
          filter: { statuses: ['PENDING', 'CONNECTED'] },
        });
        const rest = await page(environment, {
          first: 50,
          after: cursorAt(0),
          filter: {
            statuses: ['CONNECTED', 'PENDING', 'CONNECTED'],
            region: null,
            environmentNamePrefix: '',
            tags: [],
          },
        });
        expect(new Set(idsOf([...items, ...rest.items])).size).toBe(3);
      });

      it('answers the valid requests of a batch when one is invalid', async () => {
        const created = await environment.createConnection(PAYMENTS);
        const [good, invalid, alsoGood] = await environment.listConnections([{}, { first: 0 }, { first: 1 }]);
        expect(good).toMatchObject({ items: [{ id: created.id }] });
        expect(invalid).toBeInstanceOf(ProtonFailure);
        expect(alsoGood).toMatchObject({ items: [{ id: created.id }] });
      });
    });

    describe('the history', () => {
      if (!keepsHistory) {
        it('is null, because AWS keeps none', async () => {
          const created = await environment.createConnection(PAYMENTS);
          expect(await environment.listHistory([{ connection: created }])).toEqual([null]);
        });
        return;
      }

      it('records who changed what, when, and from which status to which, newest first', async () => {
        const created = await environment.createConnection(PAYMENTS);
        underTest.clock.advance(1000);
        await management.acceptConnection(created);
        underTest.clock.advance(1000);
        await environment.deleteConnection(created);
        const at = created.requestedAt;
        const { items } = await history(environment, created);
        expect(items).toMatchObject([
          {
            type: 'DELETED',
            previousStatus: 'CONNECTED',
            status: null,
            actor: ENVIRONMENT,
            occurredAt: at + 2000,
          },
          {
            type: 'ACCEPTED',
            previousStatus: 'PENDING',
            status: 'CONNECTED',
            actor: MANAGEMENT,
            occurredAt: at + 1000,
          },
          { type: 'CREATED', previousStatus: null, status: 'PENDING', actor: ENVIRONMENT, occurredAt: at },
        ]);
        expect(new Set(items.map(({ id }) => id)).size).toBe(3);
      });

      it('comes in pages', async () => {
        const created = await environment.createConnection(PAYMENTS);
        await management.acceptConnection(created);
        await management.rejectConnection(created);
        const first = await history(environment, created, { first: 2 });
        expect(first.items.map(({ type }) => type)).toEqual(['REJECTED', 'ACCEPTED']);
        expect(first.hasNextPage).toBe(true);
        const second = await history(environment, created, { first: 2, after: first.cursorAt(1) });
        expect(second.items.map(({ type }) => type)).toEqual(['CREATED']);
        expect(second.hasNextPage).toBe(false);
        const last = second.cursorAt(0);
        const third = await history(environment, created, { first: 2, after: last });
        expect(third).toMatchObject({ items: [], hasNextPage: false, hasPreviousPage: true });
      });

      it('has cursors that reveal no other writes and are invalid in other histories', async () => {
        const created = await environment.createConnection(PAYMENTS);
        const ids = (await history(environment, created)).items.map(({ id }) => id);
        const cursorsAlone = await cursorsOf(environment, created);
        const other = await environment.createConnection({ ...PAYMENTS, environmentName: 'elsewhere' });
        await management.acceptConnection(other);
        expect(await cursorsOf(environment, created)).toEqual(cursorsAlone);
        // Besides the digest of the list, a cursor contains the event's id. A sequence number would reveal how many writes there are.
        expect(
          cursorsAlone.map((cursor) => Buffer.from(cursor, 'base64').toString().split(' ').slice(1)),
        ).toEqual(ids.map((id) => [id]));

        const [foreign] = await cursorsOf(environment, other);
        const [digest] = Buffer.from(cursorsAlone[0] ?? '', 'base64')
          .toString()
          .split(' ');
        const [, id] = Buffer.from(foreign ?? '', 'base64')
          .toString()
          .split(' ');
        const forged = Buffer.from(`${String(digest)} ${String(id)}`).toString('base64');
        for (const after of [foreign, forged]) {
          const [result] = await environment.listHistory([{ connection: created, after }]);
          expect(result).toMatchObject({ code: 'VALIDATION_ERROR' });
        }
      });
    });

    describe('a malformed id', () => {
      it('is a violation at `id` for every write, deletion included', async () => {
        for (const id of ['', 'nonsense', UNKNOWN_ID.toUpperCase().replace('8', 'A'), ` ${UNKNOWN_ID}`]) {
          for (const write of [
            environment.acceptConnection({ id }),
            environment.rejectConnection({ id }),
            environment.deleteConnection({ id }),
            environment.updateConnection({ id, roleArn: ROLE }),
            environment.tagConnection({ id, tags: [tag('a', 'b')] }),
            environment.untagConnection({ id, tagKeys: ['a'] }),
          ]) {
            expect((await failureOf(write)).violations).toMatchObject([{ path: ['id'] }]);
          }
        }
      });
    });
  });
}

function tag(key: string, value: string) {
  return { key, value };
}

function viewerWith(accountId: string, permission: Permission): Viewer {
  return {
    subject: 'someone',
    onEveryAccount: new Set(),
    onAccounts: new Map([[account(accountId), new Set([permission])]]),
  };
}

async function failureOf(call: Promise<unknown>): Promise<ProtonFailure> {
  const outcome = await call.then(
    (result: unknown) => ({ result }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome && outcome.error instanceof ProtonFailure) return outcome.error;
  throw new Error(`expected a ProtonFailure, got ${JSON.stringify(outcome)}`);
}

async function codeOf(call: Promise<unknown>): Promise<FailureCode> {
  return (await failureOf(call)).code;
}

async function one(session: Session, id: string): Promise<Connection | undefined> {
  const [found] = await session.findConnections([{ id }]);
  if (found instanceof Error) throw found;
  return found;
}

async function page(
  session: Session,
  request: Parameters<ProtonSession['listConnections']>[0][number],
): Promise<Page<Connection>> {
  const [result] = await session.listConnections([request]);
  if (result === undefined || result instanceof Error) throw result ?? new Error('no result');
  return result;
}

async function listFailure(
  session: Session,
  request: Parameters<ProtonSession['listConnections']>[0][number],
): Promise<unknown> {
  const [result] = await session.listConnections([request]);
  return result;
}

async function cursorsOf(session: Session, connection: Connection): Promise<readonly string[]> {
  const page = await history(session, connection);
  return page.items.map((_event, index) => page.cursorAt(index));
}

async function history(
  session: Session,
  connection: Connection,
  request: { first?: number; after?: string } = {},
) {
  const [result] = await session.listHistory([{ connection, ...request }]);
  if (result === null || result === undefined || result instanceof Error)
    throw result ?? new Error('no history');
  return result;
}

function idsOf(connections: readonly Connection[]): string[] {
  return connections.map(({ id }) => id).sort();
}
