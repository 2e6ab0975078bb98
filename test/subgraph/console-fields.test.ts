import { command } from '../cli/command';
import { startApp, type RunningApp } from '../support/app';
import { request } from '../support/graphql-client';
import { useTemporaryFolder } from '../support/folder';

const [MANAGEMENT, ENVIRONMENT] = ['111111111111', '222222222222'];
const folder = useTemporaryFolder();

/** The fields of a console, over HTTP. What they select and allow is in the port's contract and the permission matrix. */
describe('The fields for a console', () => {
  let app: RunningApp;
  let env: Readonly<Record<string, string>>;

  beforeEach(async () => {
    env = { DATABASE_URL: `sqlite:${folder.path('proton.db')}`, PROVISIONER_ROLE: 'ci/provisioner' };
    app = await startApp(env);
  });

  afterEach(() => app.stop());

  interface Created {
    readonly id: string;
    readonly viewerActions: readonly string[];
  }

  async function create(environmentName: string, roles = ''): Promise<Created> {
    const { data } = (await request(
      app.url,
      `mutation { create: createEnvironmentAccountConnection(input: {
        managementAccountId: "${MANAGEMENT}", environmentAccountId: "${ENVIRONMENT}", environmentName: "${environmentName}" ${roles}
        tags: [{ key: "team", value: "payments" }] }) { data { id viewerActions } } }`,
    )) as { readonly data: { readonly create: { readonly data: Created } } };
    return data.create.data;
  }

  const codesOf = (response: unknown) =>
    (
      response as { readonly errors?: readonly { readonly extensions: { readonly code: string } }[] }
    ).errors?.map(({ extensions }) => extensions.code);

  it('say that everyone may do everything without authentication', async () => {
    expect(
      await request(
        app.url,
        '{ environmentAccountConnectionViewer { subject everyAccount accounts { account { id } permissions } } }',
      ),
    ).toEqual({
      data: {
        environmentAccountConnectionViewer: {
          subject: 'anonymous',
          everyAccount: ['READ', 'WRITE', 'APPROVE'],
          accounts: [],
        },
      },
    });
  });

  it('give the actions of each state, also within one document, and none on a deleted connection', async () => {
    const { id, viewerActions } = await create('payments-prod');
    expect(viewerActions).toEqual(['UPDATE', 'TAG', 'UNTAG', 'DELETE', 'ACCEPT', 'REJECT']);
    const response = await request(
      app.url,
      `mutation {
        accepted: acceptEnvironmentAccountConnection(input: { id: "${id}" }) { data { viewerActions } }
        rejected: rejectEnvironmentAccountConnection(input: { id: "${id}" }) { data { viewerActions } }
        deleted: deleteEnvironmentAccountConnection(input: { id: "${id}" }) { data { id viewerActions } }
      }`,
    );
    expect(response).toEqual({
      data: {
        accepted: { data: { viewerActions: ['UPDATE', 'TAG', 'UNTAG', 'DELETE', 'REJECT'] } },
        rejected: { data: { viewerActions: ['TAG', 'UNTAG', 'DELETE'] } },
        deleted: { data: { id, viewerActions: [] } },
      },
    });
  });

  it('give an overview', async () => {
    const first = await create('payments-prod');
    await create('payments-dev');
    await create('orders');
    await request(
      app.url,
      `mutation { acceptEnvironmentAccountConnection(input: { id: "${first.id}" }) { success } }`,
    );
    const read = (given: string) =>
      request(
        app.url,
        `{ environmentAccountConnectionOverview${given} {
          byStatus { status count } oldestPendingAt medianSecondsToDecision weeks { startsAt requested accepted rejected } } }`,
      ) as Promise<{ readonly data: { readonly environmentAccountConnectionOverview: Overview } }>;
    interface Overview {
      readonly byStatus: unknown;
      readonly weeks: readonly { readonly startsAt: string; readonly requested: number }[];
    }
    const { environmentAccountConnectionOverview: all } = (await read('')).data;
    expect(all).toMatchObject({
      byStatus: [
        { status: 'PENDING', count: 2 },
        { status: 'CONNECTED', count: 1 },
        { status: 'REJECTED', count: 0 },
      ],
      oldestPendingAt: expect.stringMatching(/Z$/) as string,
      medianSecondsToDecision: 0,
    });
    expect(all.weeks).toHaveLength(12);
    expect(all.weeks.at(-1)).toMatchObject({ requested: 3, accepted: 1, rejected: 0 });
    expect(new Date(all.weeks.at(-1)?.startsAt ?? '').getUTCDay()).toBe(1);
    const filter = '(filter: { environmentNamePrefix: "pay", statuses: [PENDING] }, weeks: 1)';
    expect((await read(filter)).data.environmentAccountConnectionOverview).toMatchObject({
      byStatus: [{ count: 1 }, { count: 0 }, { count: 0 }],
      weeks: [{ requested: 1, accepted: 0, rejected: 0 }],
    });
    for (const weeks of [0, 105]) {
      expect(codesOf(await read(`(weeks: ${String(weeks)})`))).toEqual(['BAD_USER_INPUT']);
    }
  });

  it('give the accounts that occur in connections, page by page, and the connections that wait longest', async () => {
    await create('payments-prod');
    await create('payments-dev');
    const { data } = (await request(
      app.url,
      `{ viewer: environmentAccountConnectionViewer {
          first: readableAccounts(first: 1) { edges { cursor node { id environmentAccountConnections { totalCount } } } pageInfo { hasNextPage endCursor } }
          found: readableAccounts(idPrefix: "22") { nodes { id } pageInfo { hasNextPage } } }
        overview: environmentAccountConnectionOverview { longestPending(first: 1) { environmentName tags { value } viewerActions } } }`,
    )) as {
      readonly data: {
        readonly viewer: { readonly first: { readonly pageInfo: { readonly endCursor: string } } };
      };
    };
    const { endCursor } = data.viewer.first.pageInfo;
    expect(data).toEqual({
      viewer: {
        first: {
          edges: [
            {
              cursor: endCursor,
              node: { id: MANAGEMENT, environmentAccountConnections: { totalCount: 2 } },
            },
          ],
          pageInfo: { hasNextPage: true, endCursor },
        },
        found: { nodes: [{ id: ENVIRONMENT }], pageInfo: { hasNextPage: false } },
      },
      overview: {
        longestPending: [
          {
            environmentName: 'payments-prod',
            tags: [{ value: 'payments' }],
            viewerActions: ['UPDATE', 'TAG', 'UNTAG', 'DELETE', 'ACCEPT', 'REJECT'],
          },
        ],
      },
    });
    const { data: partial, ...failure } = await request(
      app.url,
      '{ environmentAccountConnectionViewer { right: readableAccounts(first: 1) { nodes { id } } wrong: readableAccounts(first: 0) { nodes { id } } } }',
    );
    expect(partial).toEqual({
      environmentAccountConnectionViewer: { right: { nodes: [{ id: MANAGEMENT }] }, wrong: null },
    });
    expect(codesOf(failure)).toEqual(['BAD_USER_INPUT']);
    for (const field of [
      'environmentAccountConnectionViewer { readableAccounts(first: 0) { nodes { id } } }',
      `environmentAccountConnectionViewer { readableAccounts(idPrefix: "1", after: "${endCursor}") { nodes { id } } }`,
      'environmentAccountConnectionOverview { longestPending(first: 101) { id } }',
    ]) {
      expect(codesOf(await request(app.url, `{ ${field} }`))).toEqual(['BAD_USER_INPUT']);
    }
  });

  it('give the same trust policies as the command, byte for byte, before and after the request', async () => {
    const role = (name: string) => `arn:aws:iam::${ENVIRONMENT}:role/${name}`;
    const { id } = await create(
      'payments-prod',
      `roleArn: "${role('cloudformation')}" codebuildRoleArn: "${role('codebuild')}"`,
    );
    const policy = 'role document externalId provisionerPolicy';
    const { data } = (await request(
      app.url,
      `{ before: environmentAccountConnectionTrustPolicies(input: {
          managementAccountId: "${MANAGEMENT}", environmentAccountId: "${ENVIRONMENT}", environmentName: "payments-prod" }) { ${policy} }
        connection: environmentAccountConnection(id: "${id}") { trustPolicies { ${policy} } } }`,
    )) as {
      readonly data: { readonly before: Policies; readonly connection: { readonly trustPolicies: Policies } };
    };
    type Policies = readonly {
      readonly role: string;
      readonly document: string;
      readonly externalId: string | null;
    }[];
    const { before, connection } = data;
    expect(before.map((each) => each.role)).toEqual(['PROVISIONING', 'COMPONENT', 'CODEBUILD']);
    expect(connection.trustPolicies.map((each) => each.role)).toEqual(['PROVISIONING', 'CODEBUILD']);
    for (const { role: name, document, externalId } of connection.trustPolicies) {
      expect(before.find((each) => each.role === name)).toMatchObject({ document, externalId });
      const printed = await command(['trust-policy', id, '--role', name.toLowerCase()], { env });
      expect(printed).toEqual({ code: 0, stdout: `${document}\n`, stderr: '' });
    }
    expect(before[0]?.document).toContain(`arn:aws:iam::${MANAGEMENT}:role/ci/provisioner`);
  });

  it('refuse a provisioner role or a CodeBuild project with wildcards, and wrong accounts', async () => {
    const { id } = await create('payments-prod');
    for (const given of ['provisionerRole: "*"', 'codebuildProject: "${x}"']) {
      const field = `{ environmentAccountConnection(id: "${id}") { trustPolicies(${given}) { role } } }`;
      expect(codesOf(await request(app.url, field))).toEqual(['BAD_USER_INPUT']);
    }
    const input = `managementAccountId: "1", environmentAccountId: "${ENVIRONMENT}", environmentName: "a"`;
    const root = `{ environmentAccountConnectionTrustPolicies(input: { ${input} }) { role } }`;
    const refused = await request(app.url, root);
    expect(codesOf(refused)).toEqual(['BAD_USER_INPUT']);
    expect(refused.errors?.[0]?.extensions).toMatchObject({
      violations: [{ path: ['managementAccountId'], message: 'must be 12 digits' }],
    });
  });
});
