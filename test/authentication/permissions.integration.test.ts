import { startApp, type RunningApp } from '../support/app';
import { bearer, createKeys, tokenOf, useKeyFile } from './issuer';
import type { WireResponse } from '../support/aws-call';
import { post } from './posting';

const [M, E, S, F] = ['111111111111', '222222222222', '333333333333', '444444444444'] as const;
const ACCOUNTS = [M, E, S, F];
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';

/** Values of the accounts claim, by a name for the user. `null` means no claim. */
const CLAIMS = {
  'a user without a claim': null,
  'a user with an empty claim': {},
  'a user with a malformed claim': { [M]: ['read'], [E]: ['read', 'own'] },
  'a user with an empty list': [],
  'a reader of the management account': { [M]: ['read'] },
  'an approver of the management account': { [M]: ['approve'] },
  'a writer of the management account': { [M]: ['write'] },
  'a reader of the environment account': { [E]: ['read'] },
  'a writer of the environment account': { [E]: ['write'] },
  'an approver of the environment account': { [E]: ['approve'] },
  'a stranger': { [S]: ['read', 'write', 'approve'] },
  'an owner of both accounts': [M, E],
  'an auditor': { '*': ['read'] },
  'an auditor who approves': { '*': ['read'], [M]: ['approve'] },
  'a writer of two accounts': { [E]: ['write'], [F]: ['write'] },
  'an approver everywhere': { '*': ['approve'] },
  'a writer everywhere, who may read one': { '*': ['write'], [S]: ['read'] },
  'an owner of everything': ['*'],
} as const;
type Name = keyof typeof CLAIMS;
const NAMES = Object.keys(CLAIMS) as Name[];

/** The management and environment account of each existing connection. */
const PAIRS = [
  [M, M],
  [M, E],
  [M, S],
  [M, F],
  [E, M],
  [S, E],
  [S, F],
] as const;

type Permission = 'read' | 'write' | 'approve';

/** The expected rule, written independently of the implementation. */
function may(name: Name, permission: Permission, account: string): boolean {
  const claim: unknown = CLAIMS[name];
  if (claim === null || name === 'a user with a malformed claim') return false;
  if (Array.isArray(claim)) return claim.includes('*') || claim.includes(account);
  const words = claim as Readonly<Record<string, readonly string[] | undefined>>;
  const granted = [...(words[account] ?? []), ...(words['*'] ?? [])];
  return permission === 'read' ? granted.length > 0 : granted.includes(permission);
}

interface Row {
  readonly id: string;
  readonly arn: string;
  readonly environmentName: string;
  readonly managementAccountId: string;
  readonly environmentAccountId: string;
}

interface ViewerOutput {
  readonly subject: string;
  readonly everyAccount: readonly string[];
  readonly accounts: readonly {
    readonly account: { readonly id: string };
    readonly permissions: readonly string[];
  }[];
  readonly readableAccounts: { readonly nodes: readonly { readonly id: string }[] };
}

const sees = (name: Name, { managementAccountId, environmentAccountId }: Row) =>
  may(name, 'read', managementAccountId) || may(name, 'read', environmentAccountId);

const representation = (typename: string, members: object) =>
  `[{ __typename: "${typename}", ${Object.entries(members)
    .map(([key, value]) => `${key}: "${String(value)}"`)
    .join(', ')} }]`;

const SHOWN =
  'id arn status tags { key value } codebuildRoleArn history { nodes { actor } } viewerActions trustPolicies { document }';

/** All ways to read one connection. Each response contains the connection's id if it is visible. */
const READS: Readonly<Record<string, (row: Row) => string>> = {
  'by its id': ({ id }) => `{ environmentAccountConnection(id: "${id}") { ${SHOWN} } }`,
  'by its ARN': ({ arn }) => `{ environmentAccountConnectionByArn(arn: "${arn}") { ${SHOWN} } }`,
  'as an entity, by its id': ({ id }) =>
    `{ _entities(representations: ${representation('EnvironmentAccountConnection', { id })}) { ... on EnvironmentAccountConnection { ${SHOWN} } } }`,
  'as an entity, by its ARN': ({ arn }) =>
    `{ _entities(representations: ${representation('EnvironmentAccountConnection', { arn })}) { ... on EnvironmentAccountConnection { ${SHOWN} } } }`,
  'in a list': ({ environmentName }) =>
    `{ environmentAccountConnections(filter: { environmentName: "${environmentName}" }) { totalCount nodes { ${SHOWN} } pageInfo { endCursor hasNextPage } } }`,
  'in a list of its accounts': ({ environmentName, managementAccountId, environmentAccountId }) =>
    `{ environmentAccountConnections(filter: { environmentName: "${environmentName}", managementAccountId: "${managementAccountId}", environmentAccountId: "${environmentAccountId}", region: "us-east-1", statuses: [PENDING] }) { totalCount edges { node { ${SHOWN} } } } }`,
  'from its management account': ({ environmentName, managementAccountId }) =>
    `{ _entities(representations: ${representation('AwsAccount', { id: managementAccountId })}) { ... on AwsAccount { id environmentAccountConnections(role: MANAGEMENT_ACCOUNT, filter: { environmentName: "${environmentName}" }) { totalCount nodes { ${SHOWN} } } } } }`,
  'from its environment account, in either role': ({ environmentName, environmentAccountId }) =>
    `{ _entities(representations: ${representation('AwsAccount', { id: environmentAccountId })}) { ... on AwsAccount { id environmentAccountConnections(filter: { environmentName: "${environmentName}" }) { totalCount nodes { ${SHOWN} } } } } }`,
};

/** All writes to one connection, with the permission that each needs. */
const WRITES: Readonly<Record<string, { readonly permission: Permission; readonly input: string }>> = {
  updateEnvironmentAccountConnection: { permission: 'write', input: '' },
  tagEnvironmentAccountConnection: { permission: 'write', input: 'tags: [{ key: "a", value: "b" }]' },
  untagEnvironmentAccountConnection: { permission: 'write', input: 'tagKeys: ["t"]' },
  acceptEnvironmentAccountConnection: { permission: 'approve', input: '' },
  rejectEnvironmentAccountConnection: { permission: 'approve', input: '' },
  deleteEnvironmentAccountConnection: { permission: 'write', input: '' },
};

describe('A user with an accounts claim', () => {
  const keys = createKeys('ES256');
  const environment = useKeyFile(keys);
  let app: RunningApp;
  const tokens = new Map<Name, string>();
  let rows: readonly Row[] = [];
  let names = 0;

  beforeAll(async () => {
    app = await startApp({ ...environment, SUBJECT_REQUESTS_PER_MINUTE: '100000' });
    for (const name of NAMES) {
      const claim = CLAIMS[name];
      tokens.set(name, await tokenOf(keys, { claims: { sub: name, aws_accounts: claim ?? undefined } }));
    }
    rows = await Promise.all(PAIRS.map(([management, environment]) => create(management, environment)));
  });
  afterAll(() => app.stop());

  const as = (name: Name, query: string) => post(app.url, query, bearer(tokens.get(name) ?? ''));

  /** Creates a connection with a new environment name. */
  async function create(managementAccountId: string, environmentAccountId: string): Promise<Row> {
    names += 1;
    const { output } = await as(
      'an owner of everything',
      `mutation {
        create: createEnvironmentAccountConnection(input: {
          managementAccountId: "${managementAccountId}", environmentAccountId: "${environmentAccountId}", environmentName: "name-${String(names)}",
          codebuildRoleArn: "arn:aws:iam::${environmentAccountId}:role/build", tags: [{ key: "t", value: "v" }]
        }) { data { id arn environmentName managementAccountId environmentAccountId } }
      }`,
    );
    return (output as { readonly data: { readonly create: { readonly data: Row } } }).data.create.data;
  }

  const unknowns = new Map<string, Promise<WireResponse>>();
  /** The response to a query for a connection that does not exist. It never changes, so each query is sent once. */
  function asUnknown(name: Name, query: string): Promise<WireResponse> {
    const key = `${name}: ${query}`;
    const response = unknowns.get(key) ?? as(name, query);
    unknowns.set(key, response);
    return response;
  }

  /** The same row with an id, ARN and name that do not exist. */
  const missing = (row: Row): Row => ({
    ...row,
    id: UNKNOWN_ID,
    arn: row.arn.replace(row.id, UNKNOWN_ID),
    environmentName: 'not-there',
  });

  const remove = ({ id }: { readonly id: string }) =>
    as(
      'an owner of everything',
      `mutation { deleteEnvironmentAccountConnection(input: { id: "${id}" }) { success } }`,
    );

  describe.each(NAMES)('%s', (name) => {
    /** Connections that no write has changed yet, by their accounts. The next write reuses them. */
    const unchanged = new Map<string, Row>();
    afterAll(async () => {
      for (const row of unchanged.values()) await remove(row);
    });

    it.each(Object.entries(READS))('reads a connection %s exactly when permitted', async (_way, ask) => {
      for (const row of rows) {
        const { text, status } = await as(name, ask(row));
        expect([row, text.includes(`"id":"${row.id}"`)]).toEqual([row, sees(name, row)]);
        if (sees(name, row)) continue;
        const unknown = await asUnknown(name, ask(missing(row)));
        expect({ text, status }).toEqual({ text: unknown.text, status: unknown.status });
      }
    });

    it('lists and counts readable connections only', async () => {
      const query = '{ environmentAccountConnections(first: 100) { totalCount nodes { id } } }';
      const { text } = await as(name, query);
      const visible = [...text.matchAll(/"id":"([^"]*)"/g)].map(([, id]) => id);
      expect(visible.toSorted()).toEqual(
        rows
          .filter((row) => sees(name, row))
          .map(({ id }) => id)
          .toSorted(),
      );
      expect(text).toContain(`"totalCount":${String(visible.length)}`);
    });

    it('is named with its permissions, and no account beyond them', async () => {
      const { output } = await as(
        name,
        '{ environmentAccountConnectionViewer { subject everyAccount accounts { account { id } permissions } readableAccounts { nodes { id } } } }',
      );
      const { data } = output as {
        readonly data: { readonly environmentAccountConnectionViewer: ViewerOutput };
      };
      const { subject, everyAccount, accounts, readableAccounts } = data.environmentAccountConnectionViewer;
      expect(readableAccounts.nodes.map(({ id }) => id)).toEqual(
        ACCOUNTS.filter((account) => may(name, 'read', account)),
      );
      expect(subject).toBe(name);
      const listed = (account: string) =>
        (['read', 'write', 'approve'] as const).filter((permission) => {
          const single = accounts.find(({ account: { id } }) => id === account)?.permissions ?? [];
          return [...everyAccount, ...single].includes(permission.toUpperCase());
        });
      const expected = (account: string) =>
        (['read', 'write', 'approve'] as const).filter((permission) => may(name, permission, account));
      for (const account of [...ACCOUNTS, '999999999999'])
        expect([account, listed(account)]).toEqual([account, expected(account)]);
      expect(accounts.filter(({ account: { id } }) => expected(id).length === 0)).toEqual([]);
    });

    it('has an overview of readable connections only', async () => {
      const ask = (filter: string) =>
        `{ environmentAccountConnectionOverview(${filter}weeks: 1) { byStatus { status count } oldestPendingAt longestPending(first: 100) { id } medianSecondsToDecision weeks { requested } } }`;
      const expectOverview = async (filter: string, visible: readonly Row[]) => {
        const { text } = await as(name, ask(filter));
        expect([filter, text]).toEqual([
          filter,
          expect.stringContaining(`"count":${String(visible.length)}`),
        ]);
        expect(text).toContain(`"weeks":[{"requested":${String(visible.length)}}]`);
        expect(text.includes('"oldestPendingAt":null')).toBe(visible.length === 0);
        const longest = [...text.matchAll(/"id":"([^"]*)"/g)].map(([, id]) => id);
        expect(longest.toSorted()).toEqual(visible.map(({ id }) => id).toSorted());
      };
      const visible = rows.filter((row) => sees(name, row));
      await expectOverview('', visible);
      await expectOverview('filter: { tags: [{ key: "t" }], environmentNamePrefix: "name-" }, ', visible);
      await expectOverview(
        `filter: { managementAccountId: "${M}" }, `,
        visible.filter(({ managementAccountId }) => managementAccountId === M),
      );
    });

    it.each(Object.entries(WRITES))(
      '%s needs its permission, else it is denied or the connection not found',
      async (mutation, { permission, input }) => {
        for (const [management, environment] of [
          [M, E],
          [F, E],
          [M, S],
        ] as const) {
          const pair = `${management} ${environment}`;
          const row = unchanged.get(pair) ?? (await create(management, environment));
          unchanged.set(pair, row);
          const role = mutation.startsWith('update')
            ? `roleArn: "arn:aws:iam::${row.environmentAccountId}:role/new"`
            : input;
          const ask = ({ id }: Row) =>
            `mutation { ${mutation}(input: { id: "${id}", ${role} }) { success data { ${SHOWN} } error { code message retryable violations { path } } } }`;
          const { text: shown } = await as(name, READS['by its id']?.(row) ?? '');
          const offered = /"viewerActions":\[([^\]]*)\]/.exec(shown)?.[1] ?? '';
          const action = mutation.slice(0, -'EnvironmentAccountConnection'.length).toUpperCase();
          const { text } = await as(name, ask(row));
          expect([mutation, offered.includes(`"${action}"`)]).toEqual([
            mutation,
            text.includes('"success":true') && sees(name, row),
          ]);
          const account = permission === 'write' ? row.environmentAccountId : row.managementAccountId;
          const about = [mutation, management, environment, text];
          if (!sees(name, row)) {
            const unknown = await asUnknown(name, ask(missing(row)));
            expect(text.replaceAll(row.id, UNKNOWN_ID)).toBe(unknown.text);
          } else if (may(name, permission, account)) {
            expect([...about, text.includes('"success":true')]).toEqual([...about, true]);
            expect(text).toContain(`"actor":"${name}"`);
          } else {
            expect([...about, text.includes('"code":"ACCESS_DENIED"')]).toEqual([...about, true]);
          }
          if (!may(name, permission, account) || !sees(name, row)) {
            // Without the permission, nothing changed.
            const after = await as('an owner of everything', READS['by its id']?.(row) ?? '');
            expect(after.text).toContain('"status":"PENDING","tags":[{"key":"t","value":"v"}]');
            expect(after.text.match(/"actor"/g)).toHaveLength(1);
          } else {
            unchanged.delete(pair);
            await remove(row);
          }
        }
      },
    );

    it('creates connections in writable accounts only, and learns nothing about others', async () => {
      const ask = (environment: string, environmentName: string) => `mutation {
        createEnvironmentAccountConnection(input: { managementAccountId: "${M}", environmentAccountId: "${environment}", environmentName: "${environmentName}", clientToken: "token-${environmentName}" }) {
          success data { id } error { code message }
        }
      }`;
      for (const account of ACCOUNTS) {
        const taken = rows.find(
          (row) => row.managementAccountId === M && row.environmentAccountId === account,
        );
        const { text } = await as(name, ask(account, taken?.environmentName ?? ''));
        if (may(name, 'write', account)) {
          // A writer of the account may see the existing connection.
          expect(text).toContain('"code":"CONFLICT"');
          expect(text).toContain(taken?.id);
        } else {
          expect(text).toContain('"code":"ACCESS_DENIED"');
          expect((await as(name, ask(account, 'free'))).text).toBe(text);
        }
      }
    });

    it('creates in its only writable account if the input names none', async () => {
      names += 1;
      const { text } = await as(
        name,
        `mutation { createEnvironmentAccountConnection(input: { managementAccountId: "${M}", environmentName: "own-${String(names)}" }) { data { id environmentAccountId } error { code violations { path } } } }`,
      );
      const everywhere = may(name, 'write', '999999999999');
      const own = ACCOUNTS.filter((account) => may(name, 'write', account));
      if (everywhere || own.length !== 1) {
        expect(text).toContain('"code":"VALIDATION_ERROR","violations":[{"path":["environmentAccountId"]}]');
      } else {
        expect(text).toContain(`"environmentAccountId":"${String(own[0])}"`);
        const id = /"id":"([^"]*)"/.exec(text)?.[1] ?? '';
        await remove({ id });
      }
    });
  });

  it('a cursor from another user reveals no unreadable connections', async () => {
    const query = (after: string) =>
      `{ environmentAccountConnections(first: 100${after}) { nodes { id } pageInfo { endCursor } } }`;
    const first = await as('an owner of everything', query('').replace('100', '1'));
    const cursor = /"endCursor":"([^"]*)"/.exec(first.text)?.[1] ?? '';
    const { text } = await as('a stranger', query(`, after: "${cursor}"`));
    const shown = rows.filter(({ id }) => text.includes(id));
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.filter((row) => !sees('a stranger', row))).toEqual([]);
  });
});
