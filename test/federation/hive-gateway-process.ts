import { once } from 'node:events';

import { composeSupergraph, type SubgraphSdl } from '../../examples/supergraph/compose';
import { startGateway } from '../../examples/supergraph/gateway';

void main();

/** Runs only the example's gateway, for the subgraphs in its argument, until standard input ends. */
async function main(): Promise<void> {
  const subgraphs = JSON.parse(process.argv[2] ?? '') as readonly SubgraphSdl[];
  const gateway = await startGateway(composeSupergraph(subgraphs), 0);
  process.stdout.write(`${gateway.url}\n`);
  await once(process.stdin.resume(), 'end');
  await gateway.stop();
}
