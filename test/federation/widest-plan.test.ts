import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { getOperationAST, parse } from 'graphql';

import { startAccountsSubgraph } from '../../examples/supergraph/accounts-subgraph';
import { composeSupergraph } from '../../examples/supergraph/compose';
import { startGateway } from '../../examples/supergraph/gateway';
import { readConfig } from '../../src/config/config';
import { amountIn } from '../../src/graphql/limits/cost-expression';
import { measureDocument } from '../../src/graphql/limits/document-shape';
import { cachedCosts } from '../../src/graphql/limits/operation-cost';
import { buildSubgraph } from '../../src/subgraph/schema';
import { startApp } from '../support/app';
import { request } from '../support/graphql-client';
import { PROJECT } from '../support/server-process';
import { testEnvironment } from '../support/test-environment';
import { startApolloGateway, type Gateway } from './apollo-supergraph';
import { createConnection } from './created-connections';
import { startRecordingProxy, type RecordingProxy, type SentRequest } from './recording-proxy';
import { servedSdl } from './sdl';

/** Compares the default limits with the queries that real gateways plan for the largest sensible operations. */

/** Enough for a plan with hundreds of representations. */
const ACCOUNTS = Array.from({ length: 300 }, (_, index) => ({
  id: String(100_000_000_000 + index),
  name: `account-${String(index)}`,
  ownerTeam: `team-${String(index % 7)}`,
}));
const accountAt = (index: number) => ACCOUNTS[index % ACCOUNTS.length]?.id ?? '';

const CONNECTION = `
  id arn region status environmentName managementAccountId environmentAccountId
  roleArn componentRoleArn codebuildRoleArn createdAt requestedAt lastModifiedAt
  tags { key value }`;

const CONNECTIONS_OF_ACCOUNT = `
  connections: environmentAccountConnections(first: 20) {
    totalCount
    nodes { id environmentName status }
    pageInfo { hasNextPage endCursor }
  }`;

/** By their names in docs/reference/limits.md. */
const WIDEST = {
  'a page of 100 with everything about each: tags, history, both accounts, and 20 connections of each account': `{
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
            managementAccount { id name ownerTeam ${CONNECTIONS_OF_ACCOUNT} }
            environmentAccount { id name ownerTeam ${CONNECTIONS_OF_ACCOUNT} }
          }
        }
      }
    }`,
  'a page of 100, and over both accounts of each on to 20 connections and their other accounts': `{
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
  'all 300 accounts of the other subgraph, by `_entities`, with 10 connections of each and their accounts': `{
      awsAccounts {
        id name ownerTeam
        environmentAccountConnections(first: 10) {
          totalCount
          nodes { id environmentName status managementAccount { name } environmentAccount { name } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }`,
} as const;

const TOO_WIDE = `{
  environmentAccountConnections(first: 100) {
    nodes { environmentAccount { name environmentAccountConnections(first: 100) { nodes { id } } } }
  }
}`;

const { schema } = buildSubgraph();
const costOf = cachedCosts(schema);

const MEASURES = [
  'tokens',
  'depth',
  'aliases',
  'directives',
  'repetitions',
  'representations',
  'cost',
] as const;
type Measures = Record<(typeof MEASURES)[number], number>;

/** Measures what the limits limit. */
function measure({ query, variables }: SentRequest): Measures {
  const document = parse(query);
  const operation = getOperationAST(document);
  if (!operation) throw new Error(`no operation in ${query}`);
  const { depth, aliases, directives, repeated } = measureDocument(document, Infinity);
  const { cost, representations } = costOf(document, operation);
  return {
    tokens: document.tokenCount ?? NaN,
    depth,
    aliases,
    directives,
    repetitions: repeated.times,
    representations: amountIn(representations, variables ?? {}),
    cost: amountIn(cost, variables ?? {}),
  };
}

function greatestOf(all: readonly Measures[]): Measures {
  const greatest = (name: keyof Measures) => Math.max(...all.map((one) => one[name]));
  return {
    tokens: greatest('tokens'),
    depth: greatest('depth'),
    aliases: greatest('aliases'),
    directives: greatest('directives'),
    repetitions: greatest('repetitions'),
    representations: greatest('representations'),
    cost: greatest('cost'),
  };
}

/** Starts the example's gateway. */
async function startHiveGateway(
  subgraphs: readonly { readonly name: string; readonly url: string }[],
): Promise<Gateway> {
  const described = await Promise.all(
    subgraphs.map(async (subgraph) => ({ ...subgraph, sdl: await servedSdl(subgraph.url) })),
  );
  return startGateway(composeSupergraph(described), 0);
}

describe('The largest query plans of real gateways', () => {
  let proxy: RecordingProxy;
  let gateways: readonly Gateway[];
  const stops: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    const app = await startApp();
    proxy = await startRecordingProxy(app.url);
    const accounts = await startAccountsSubgraph(0, ACCOUNTS);
    const subgraphs = [
      { name: 'proton', url: proxy.url },
      { name: 'accounts', url: accounts.url },
    ];
    const starting = Promise.all([startApolloGateway(subgraphs), startHiveGateway(subgraphs)]);
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        createConnection(app.url, {
          managementAccountId: accountAt(index),
          environmentAccountId: accountAt(index + 100),
          environmentName: `wide-${String(index)}`,
          roleArn: `arn:aws:iam::${accountAt(index + 100)}:role/proton`,
          tags: [{ key: 'index', value: String(index) }],
        }),
      ),
    );
    gateways = await starting;
    stops.push(...gateways.map(({ stop }) => stop), accounts.stop, proxy.stop, app.stop);
  });

  afterAll(async () => {
    for (const stop of stops) await stop();
  });

  const docs = readFileSync(join(PROJECT, 'docs', 'reference', 'limits.md'), 'utf8').replaceAll(
    / {2,}/g,
    ' ',
  );

  it.each(Object.entries(WIDEST))(
    'are within the default limits, and are as large as the documentation says: %s',
    async (name, document) => {
      const found: Measures[] = [];
      for (const { url } of gateways) {
        proxy.take();
        const { data, errors } = await request(url, document);
        expect(errors).toBeUndefined();
        expect(JSON.stringify(data).length).toBeGreaterThan(10_000);
        found.push(...proxy.take().map(measure));
      }
      const greatest = greatestOf(found);
      const row = [name, ...MEASURES.map((one) => greatest[one].toLocaleString('en'))];
      expect(docs).toContain(`| ${row.join(' | ')} |`);

      const { limits } = readConfig(testEnvironment({}));
      for (const one of MEASURES) expect(limits.document[one]).toBeGreaterThanOrEqual(greatest[one]);
    },
  );

  it('are rejected for two nested pages of 100, as the documentation says', async () => {
    for (const { url } of gateways) {
      const { errors } = await request(url, TOO_WIDE);
      // Each gateway wraps the error differently.
      expect(JSON.stringify(errors)).toContain('TOO_EXPENSIVE');
    }
    const sizes = proxy.take().map((one) => measure(one).cost);
    expect(Math.max(...sizes)).toBe(10_301);
  });
});
