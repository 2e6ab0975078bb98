import { ApolloGateway } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';

import { startAccountsSubgraph } from '../../examples/supergraph/accounts-subgraph';
import { startApp } from '../support/app';
import { APOLLO } from './composers';
import { servedSdl } from './sdl';
import type { Supergraph } from './supergraph';

/** Starts Apollo's gateway with both subgraphs, composed by Apollo's composer, on free ports. */
export async function startApolloSupergraph(): Promise<Supergraph> {
  const app = await startApp();
  const accounts = await startAccountsSubgraph(0);
  const gateway = await startApolloGateway([
    { name: 'proton', url: app.url },
    { name: 'accounts', url: accounts.url },
  ]);
  return {
    gateway: gateway.url,
    proton: app.url,
    async stop() {
      await gateway.stop();
      await accounts.stop();
      await app.stop();
    },
  };
}

export interface Gateway {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

interface ServedSubgraph {
  readonly name: string;
  readonly url: string;
}

/** Starts only Apollo's gateway, for subgraphs that are running. */
export async function startApolloGateway(subgraphs: readonly ServedSubgraph[]): Promise<Gateway> {
  const server = new ApolloServer({
    gateway: new ApolloGateway({ supergraphSdl: await compose(subgraphs) }),
    stopOnTerminationSignals: false,
  });
  const { url } = await startStandaloneServer(server, { listen: { host: '127.0.0.1', port: 0 } });
  return { url, stop: () => server.stop() };
}

async function compose(subgraphs: readonly ServedSubgraph[]): Promise<string> {
  const sdls = await Promise.all(
    subgraphs.map(async (subgraph) => ({ ...subgraph, sdl: await servedSdl(subgraph.url) })),
  );
  const { errors, supergraphSdl } = APOLLO.compose(sdls);
  if (errors.length > 0) throw new Error(errors.join('\n'));
  return supergraphSdl;
}
