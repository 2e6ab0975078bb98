import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import { createYoga } from 'graphql-yoga';

import { ACCOUNTS, type Account } from './accounts';
import { listen, type Listening } from './listen';

const SDL = readFileSync(join(__dirname, 'schema.graphql'), 'utf8');

/**
 * Starts a second subgraph, which adds the name and the owner of each account.
 * @throws StartError when the port is in use
 */
export async function startAccountsSubgraph(
  port: number,
  accounts: readonly Account[] = ACCOUNTS,
): Promise<Listening> {
  const byId = new Map(accounts.map((account) => [account.id, account]));
  const find = ({ id }: Pick<Account, 'id'>): Account | null => byId.get(id) ?? null;
  const yoga = createYoga({
    schema: buildSubgraphSchema({
      typeDefs: parse(SDL),
      resolvers: {
        Query: {
          awsAccounts: () => accounts,
          awsAccount: (_root: unknown, args: Pick<Account, 'id'>) => find(args),
        },
        AwsAccount: { __resolveReference: find },
      },
    }),
    logging: false,
    landingPage: false,
  });
  // Yoga responds to its own errors, so its promise needs no handling.
  const server = createServer((request, response) => void yoga(request, response));
  return listen(server, { port, variable: 'ACCOUNTS_PORT', path: yoga.graphqlEndpoint });
}
