import {
  AcceptEnvironmentAccountConnectionDocument,
  CreateEnvironmentAccountConnectionDocument,
  DeleteEnvironmentAccountConnectionDocument,
  EnvironmentAccountConnectionsDocument,
  RejectEnvironmentAccountConnectionDocument,
  TagEnvironmentAccountConnectionDocument,
  UntagEnvironmentAccountConnectionDocument,
  UpdateEnvironmentAccountConnectionDocument,
} from '../../generated/operations/graphql';
import { ACCOUNTS } from '../../examples/supergraph/accounts';
import { dataOf, request } from '../support/graphql-client';
import { startApolloSupergraph } from './apollo-supergraph';
import { createConnection, createConnections } from './created-connections';
import { startHiveSupergraph } from './hive-supergraph';
import type { Supergraph } from './supergraph';

const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';

/** Tests that count connections use their own names and accounts, so that they do not depend on each other. */
const inputOf = (
  environmentName: string,
  environmentAccountId = '222222222222',
  managementAccountId = '111111111111',
) => ({
  managementAccountId,
  environmentName,
  roleArn: `arn:aws:iam::${environmentAccountId}:role/proton`,
});

describe.each([
  { name: '@apollo/gateway', start: startApolloSupergraph },
  { name: '@graphql-hive/gateway', start: startHiveSupergraph },
])('through $name', ({ start }) => {
  let supergraph: Supergraph;

  beforeAll(async () => {
    supergraph = await start();
  });

  afterAll(() => supergraph.stop());

  it('a connection can be created, changed and deleted', async () => {
    const { gateway } = supergraph;
    const created = await dataOf(gateway, CreateEnvironmentAccountConnectionDocument, {
      create: inputOf('life'),
    });
    expect(created.createEnvironmentAccountConnection).toMatchObject({
      success: true,
      data: { status: 'PENDING' },
    });
    const id = created.createEnvironmentAccountConnection?.data?.id ?? '';

    const accepted = await dataOf(gateway, AcceptEnvironmentAccountConnectionDocument, { id });
    expect(accepted.acceptEnvironmentAccountConnection?.data).toMatchObject({ id, status: 'CONNECTED' });

    const codebuildRoleArn = 'arn:aws:iam::222222222222:role/codebuild';
    const updated = await dataOf(gateway, UpdateEnvironmentAccountConnectionDocument, {
      update: { id, codebuildRoleArn },
    });
    expect(updated.updateEnvironmentAccountConnection?.data).toMatchObject({ id, codebuildRoleArn });

    const tags = [{ key: 'team', value: 'payments' }];
    const tagged = await dataOf(gateway, TagEnvironmentAccountConnectionDocument, { id, tags });
    expect(tagged.tagEnvironmentAccountConnection?.data).toEqual({ id, tags });

    const untagged = await dataOf(gateway, UntagEnvironmentAccountConnectionDocument, {
      id,
      tagKeys: ['team'],
    });
    expect(untagged.untagEnvironmentAccountConnection?.data).toEqual({ id, tags: [] });

    const rejected = await dataOf(gateway, RejectEnvironmentAccountConnectionDocument, { id });
    expect(rejected.rejectEnvironmentAccountConnection?.data).toMatchObject({ id, status: 'REJECTED' });

    const deleted = await dataOf(gateway, DeleteEnvironmentAccountConnectionDocument, { id });
    expect(deleted.deleteEnvironmentAccountConnection).toEqual({
      success: true,
      deletedId: id,
      data: { id, status: 'REJECTED' },
      error: null,
    });
    const again = await dataOf(gateway, DeleteEnvironmentAccountConnectionDocument, { id });
    expect(again.deleteEnvironmentAccountConnection).toEqual({
      success: true,
      deletedId: id,
      data: null,
      error: null,
    });
  });

  it('the connection in the payload of a deletion is joined with its accounts', async () => {
    const { id } = await createConnection(supergraph.gateway, inputOf('farewell'));
    const data = await dataOf(
      supergraph.gateway,
      `mutation ($id: ID!) {
        deleteEnvironmentAccountConnection(input: { id: $id }) {
          success
          data { environmentName managementAccount { name } environmentAccount { ownerTeam } }
        }
      }`,
      { id },
    );
    expect(data).toEqual({
      deleteEnvironmentAccountConnection: {
        success: true,
        data: {
          environmentName: 'farewell',
          managementAccount: { name: 'platform' },
          environmentAccount: { ownerTeam: 'Payments' },
        },
      },
    });
  });

  it('a query can go from a connection to its accounts, and from an account over its connections to the other account', async () => {
    const { id } = await createConnection(
      supergraph.gateway,
      inputOf('there-and-back', '444444444444', '555555555555'),
    );
    const data = await dataOf(
      supergraph.gateway,
      `query ($id: ID!) {
        environmentAccountConnection(id: $id) {
          managementAccount { id name ownerTeam }
          environmentAccount { id name ownerTeam }
        }
        awsAccount(id: "555555555555") {
          name
          environmentAccountConnections(role: MANAGEMENT_ACCOUNT) {
            totalCount
            nodes { id environmentAccount { name ownerTeam environmentAccountConnections { totalCount } } }
          }
        }
      }`,
      { id },
    );
    expect(data).toEqual({
      environmentAccountConnection: {
        managementAccount: { id: '555555555555', name: 'data-lake', ownerTeam: 'Data' },
        environmentAccount: { id: '444444444444', name: 'search-prod', ownerTeam: 'Search' },
      },
      awsAccount: {
        name: 'data-lake',
        environmentAccountConnections: {
          totalCount: 1,
          nodes: [
            {
              id,
              environmentAccount: {
                name: 'search-prod',
                ownerTeam: 'Search',
                environmentAccountConnections: { totalCount: 1 },
              },
            },
          ],
        },
      },
    });
  });

  it('an account that the other subgraph does not know has an id and a null name, without an error', async () => {
    const { id } = await createConnection(supergraph.gateway, inputOf('nameless', '999999999999'));
    expect(
      await request(
        supergraph.gateway,
        'query ($id: ID!) { environmentAccountConnection(id: $id) { environmentAccount { id name ownerTeam } } }',
        { id },
      ),
    ).toEqual({
      data: {
        environmentAccountConnection: {
          environmentAccount: { id: '999999999999', name: null, ownerTeam: null },
        },
      },
    });
  });

  describe('an expected failure is passed on unchanged', () => {
    const FAILURE = `fragment Failure on EnvironmentAccountConnectionPayload {
      __typename
      success
      data { id }
      error { code message retryable violations { path message } }
    }`;

    it.each([
      {
        code: 'VALIDATION_ERROR',
        document: `mutation {
          createEnvironmentAccountConnection(
            input: { managementAccountId: "1", environmentName: "not a name", tags: [{ key: "", value: "" }] }
          ) { ...Failure }
        } ${FAILURE}`,
      },
      {
        code: 'NOT_FOUND',
        document: `mutation { acceptEnvironmentAccountConnection(input: { id: "${UNKNOWN_ID}" }) { ...Failure } } ${FAILURE}`,
      },
      {
        code: 'CONFLICT',
        document: `mutation {
          createEnvironmentAccountConnection(
            input: {
              managementAccountId: "111111111111"
              environmentName: "twice"
              roleArn: "arn:aws:iam::222222222222:role/proton"
            }
          ) { ...Failure }
        } ${FAILURE}`,
      },
    ])('$code', async ({ code, document }) => {
      // Takes the name, for the conflict. The other failures do not need it.
      await request(supergraph.proton, CreateEnvironmentAccountConnectionDocument, {
        create: inputOf('twice'),
      });
      const direct = await request(supergraph.proton, document);
      expect(JSON.stringify(direct)).toContain(`"success":false,"data":null,"error":{"code":"${code}"`);
      expect(await request(supergraph.gateway, document)).toEqual(direct);
    });
  });

  it('an invalid page size is an error that keeps its code', async () => {
    const { data, errors } = await request(
      supergraph.gateway,
      '{ environmentAccountConnections(first: 0) { totalCount } awsAccount(id: "111111111111") { name } }',
    );
    expect(data).toEqual({ environmentAccountConnections: null, awsAccount: { name: 'platform' } });
    expect(errors?.map(({ path, extensions }) => [path, extensions?.['code']])).toEqual([
      [['environmentAccountConnections'], 'BAD_USER_INPUT'],
    ]);
  });

  it('a list can be read page by page, with names from the other subgraph on every page', async () => {
    const { gateway, proton } = supergraph;
    const names = ['page-1', 'page-2', 'page-3', 'page-4', 'page-5'];
    const created = await createConnections(
      gateway,
      names.map((name) => inputOf(name, '333333333333', '555555555555')),
    );
    const filter = { environmentAccountId: '333333333333' };

    const listed: string[] = [];
    const sizes: number[] = [];
    let after: string | null = null;
    do {
      const variables: { readonly filter: object; readonly after: string | null } = { filter, after };
      const page: ListedPage = await dataOf(
        gateway,
        `query ($filter: EnvironmentAccountConnectionFilter, $after: String) {
          environmentAccountConnections(filter: $filter, first: 2, after: $after) {
            totalCount
            edges { cursor node { id environmentAccount { name } } }
            pageInfo { hasNextPage endCursor }
          }
        }`,
        variables,
      );
      const { totalCount, edges, pageInfo } = page.environmentAccountConnections;
      expect(totalCount).toBe(5);
      expect(edges.map(({ node }) => node.environmentAccount.name)).toEqual(
        edges.map(() => 'payments-staging'),
      );
      expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor);
      listed.push(...edges.map(({ node }) => node.id));
      sizes.push(edges.length);
      after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
    } while (after !== null);

    expect(sizes).toEqual([2, 2, 1]);
    expect(listed.toSorted()).toEqual(created.map(({ id }) => id).toSorted());
    const direct = await dataOf(proton, EnvironmentAccountConnectionsDocument, { filter });
    expect(listed).toEqual(direct.environmentAccountConnections?.edges.map(({ node }) => node.id));
  });

  it('a page of a hundred connections is joined with both accounts of each', async () => {
    const region = 'eu-central-1';
    const wanted = Array.from({ length: 100 }, (_, index) => ({
      environmentName: `wide-${String(index)}`,
      managementAccount: ACCOUNTS[index % ACCOUNTS.length],
      environmentAccount: ACCOUNTS[(index * 5 + 1) % ACCOUNTS.length],
    }));
    // Created through the subgraph directly: this test is about the join.
    await Promise.all(
      wanted.map(({ environmentName, managementAccount, environmentAccount }) =>
        createConnection(supergraph.proton, {
          managementAccountId: managementAccount?.id ?? '',
          environmentAccountId: environmentAccount?.id ?? '',
          environmentName,
          region,
          roleArn: `arn:aws:iam::${environmentAccount?.id ?? ''}:role/proton`,
        }),
      ),
    );
    const { environmentAccountConnections: page }: WidePage = await dataOf(
      supergraph.gateway,
      `{
        environmentAccountConnections(first: 100, filter: { region: "${region}" }) {
          nodes {
            environmentName
            managementAccount { id name ownerTeam }
            environmentAccount { id name ownerTeam }
          }
        }
      }`,
    );
    const byName = (one: Wide, other: Wide) => one.environmentName.localeCompare(other.environmentName);
    expect(page.nodes.toSorted(byName)).toEqual(wanted.toSorted(byName));
  });
});

interface ListedPage {
  readonly environmentAccountConnections: {
    readonly totalCount: number;
    readonly edges: readonly {
      readonly cursor: string;
      readonly node: { readonly id: string; readonly environmentAccount: { readonly name: string | null } };
    }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

interface Wide {
  readonly environmentName: string;
}

interface WidePage {
  readonly environmentAccountConnections: { readonly nodes: readonly Wide[] };
}
