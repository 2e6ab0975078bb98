import { startApp, type RunningApp } from '../support/app';
import { request } from '../support/graphql-client';

const PAGE =
  'totalCount edges { cursor node { id environmentName } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';

interface PageShape {
  readonly totalCount: number | null;
  readonly edges: readonly {
    readonly cursor: string;
    readonly node: { readonly id: string; readonly environmentName: string };
  }[];
  readonly nodes: readonly { readonly id: string }[];
  readonly pageInfo: Readonly<
    Record<'hasNextPage' | 'hasPreviousPage', boolean> & Record<'startCursor' | 'endCursor', string | null>
  >;
}

describe('Pages', () => {
  let app: RunningApp;

  beforeAll(async () => {
    app = await startApp();
    for (let index = 0; index < 25; index += 1) {
      await request(
        app.url,
        `mutation { createEnvironmentAccountConnection(input: {
          managementAccountId: "111111111111", environmentAccountId: "222222222222", environmentName: "e${String(index)}" }) { success } }`,
      );
    }
  });

  afterAll(() => app.stop());

  async function page(args: string): Promise<PageShape> {
    const { data, errors } = await request<{ environmentAccountConnections: PageShape }>(
      app.url,
      `{ environmentAccountConnections${args} { ${PAGE} } }`,
    );
    if (!data) throw new Error(JSON.stringify(errors));
    return data.environmentAccountConnections;
  }

  it('have 20 items by default, and totalCount counts all', async () => {
    for (const args of ['', '(first: null)', '(first: 20, after: null)']) {
      const { edges, nodes, totalCount, pageInfo } = await page(args);
      expect(edges).toHaveLength(20);
      expect(nodes.map(({ id }) => id)).toEqual(edges.map(({ node }) => node.id));
      expect(totalCount).toBe(25);
      expect(pageInfo).toEqual({
        hasNextPage: true,
        hasPreviousPage: false,
        startCursor: edges[0]?.cursor,
        endCursor: edges[19]?.cursor,
      });
    }
  });

  it('follow one another by endCursor, until the last', async () => {
    const { pageInfo: first } = await page('');
    const rest = await page(`(first: 100, after: "${first.endCursor ?? ''}")`);
    expect(rest.edges).toHaveLength(5);
    expect(rest.totalCount).toBe(25);
    expect(rest.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    const beyond = await page(`(after: "${rest.pageInfo.endCursor ?? ''}")`);
    expect(beyond).toMatchObject({
      edges: [],
      nodes: [],
      totalCount: 25,
      pageInfo: { hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: null },
    });
  });

  it('that end with the last item have no next page', async () => {
    expect(await page('(first: 25)')).toMatchObject({ pageInfo: { hasNextPage: false } });
    expect(await page('(first: 24)')).toMatchObject({ pageInfo: { hasNextPage: true } });
  });

  it.each([
    ['environmentAccountConnections(first: 0) { nodes { id } }'],
    ['environmentAccountConnections(first: 101) { nodes { id } }'],
    ['environmentAccountConnections(first: -1) { nodes { id } }'],
    ['environmentAccountConnections(after: "") { nodes { id } }'],
    ['environmentAccountConnections(after: "nonsense") { nodes { id } }'],
    ['environmentAccountConnections(first: 1) { nodes { history(first: 0) { nodes { id } } } }'],
    ['environmentAccountConnections(first: 1) { nodes { history(after: "nonsense") { nodes { id } } } }'],
    [
      'environmentAccountConnections(first: 1) { nodes { environmentAccount { environmentAccountConnections(first: 101) { nodes { id } } } } }',
    ],
  ])('%s is BAD_USER_INPUT', async (selection) => {
    const { errors } = await request(app.url, `{ ${selection} }`);
    expect(errors).toHaveLength(1);
    expect(errors?.[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
    expect(errors?.[0]?.message).toMatch(/^Invalid input: (first|after) must/);
    expect(Object.keys(errors?.[0]?.extensions ?? {})).toEqual(['code']);
  });

  it('reject the cursor of another list or filter', async () => {
    const { pageInfo } = await page('(first: 1)');
    const cursor = pageInfo.endCursor ?? '';
    for (const selection of [
      `environmentAccountConnections(after: "${cursor}", filter: { statuses: [PENDING] }) { nodes { id } }`,
      `_entities(representations: [{ __typename: "AwsAccount", id: "222222222222" }]) {
         ... on AwsAccount { environmentAccountConnections(after: "${cursor}") { nodes { id } } } }`,
    ]) {
      const { errors } = await request(app.url, `{ ${selection} }`);
      expect(errors?.[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT' } });
    }
  });

  it('are empty for a filter that no connection can match', async () => {
    expect(await page('(filter: { managementAccountId: "nonsense" })')).toMatchObject({
      totalCount: 0,
      edges: [],
    });
  });
});

describe('One connection', () => {
  it('is null for an unknown or invalid id or ARN', async () => {
    const app = await startApp();
    const unknown = '00000000-0000-4000-8000-000000000000';
    const { data, errors } = await request(
      app.url,
      `{ a: environmentAccountConnection(id: "${unknown}") { id }
         b: environmentAccountConnection(id: "nonsense") { id }
         c: environmentAccountConnectionByArn(arn: "arn:aws:proton:us-east-1:222222222222:environment-account-connection/${unknown}") { id }
         d: environmentAccountConnectionByArn(arn: "nonsense") { id } }`,
    );
    await app.stop();
    expect(errors).toBeUndefined();
    expect(data).toEqual({ a: null, b: null, c: null, d: null });
  });
});
