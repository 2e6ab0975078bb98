import { ACCOUNTS } from '../../examples/supergraph/accounts';
import { request } from '../support/graphql-client';
import { startApolloSupergraph } from './apollo-supergraph';
import { createConnection } from './created-connections';
import { startHiveSupergraph } from './hive-supergraph';
import type { Supergraph } from './supergraph';

/** The default limits against what real gateways make of the largest that a frontend of the example can sensibly ask for. */

const START_LIMIT_MS = 60_000;

const CONNECTION = `
  id arn region status environmentName managementAccountId environmentAccountId
  roleArn componentRoleArn codebuildRoleArn createdAt requestedAt lastModifiedAt
  tags { key value }`;

const OWN = `
  connections: environmentAccountConnections(first: 20) {
    totalCount
    nodes { id environmentName status }
    pageInfo { hasNextPage endCursor }
  }`;

const WIDEST = {
  'a page of a hundred, with everything about each, its history, both its accounts, and the connections of those': `{
      environmentAccountConnections(first: 100) {
        totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        edges {
          cursor
          node {
            ${CONNECTION}
            history(first: 20) {
              nodes { id type status previousStatus actor occurredAt }
              pageInfo { hasNextPage endCursor }
            }
            managementAccount { id name ownerTeam ${OWN} }
            environmentAccount { id name ownerTeam ${OWN} }
          }
        }
      }
    }`,
  'a page of a hundred, and from both accounts of each on to twenty connections and their other accounts': `{
      environmentAccountConnections(first: 100) {
        nodes {
          managementAccount {
            name
            environmentAccountConnections(role: MANAGEMENT_ACCOUNT, first: 20) {
              nodes { environmentName environmentAccount { name ownerTeam } }
            }
          }
          environmentAccount {
            name
            environmentAccountConnections(role: ENVIRONMENT_ACCOUNT, first: 20) {
              nodes { environmentName managementAccount { name ownerTeam } }
            }
          }
        }
      }
    }`,
  'every account that there is, with a hundred connections of each': `{
      awsAccounts {
        id name ownerTeam
        environmentAccountConnections(first: 100) {
          totalCount
          edges { cursor node { ${CONNECTION} managementAccount { name } environmentAccount { name } } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }`,
} as const;

async function fill(url: string): Promise<void> {
  await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      createConnection(url, {
        managementAccountId: ACCOUNTS[index % ACCOUNTS.length]?.id ?? '',
        environmentAccountId: ACCOUNTS[(index * 5 + 1) % ACCOUNTS.length]?.id ?? '',
        environmentName: `wide-${String(index)}`,
        roleArn: `arn:aws:iam::${ACCOUNTS[(index * 5 + 1) % ACCOUNTS.length]?.id ?? ''}:role/proton`,
        tags: [{ key: 'index', value: String(index) }],
      }),
    ),
  );
}

describe.each([
  { name: '@apollo/gateway', start: startApolloSupergraph },
  { name: '@graphql-hive/gateway', start: startHiveSupergraph },
])('through $name', ({ start }) => {
  let supergraph: Supergraph;

  beforeAll(async () => {
    supergraph = await start();
    await fill(supergraph.proton);
  }, START_LIMIT_MS);

  afterAll(() => supergraph.stop(), START_LIMIT_MS);

  it.each(Object.entries(WIDEST))('the default limits let pass %s', async (_name, document) => {
    const { data, errors } = await request(supergraph.gateway, document);
    expect(errors).toBeUndefined();
    expect(JSON.stringify(data).length).toBeGreaterThan(10_000);
  });
});
