import { CONNECTIONS_AND_OWNERS, REQUEST_CONNECTION } from './operations';
import { runSupergraph, type Ready } from './run-supergraph';
import { readSettings } from './settings';
import { StartError } from './start-error';

void main();

/** `npm run supergraph`: runs two subgraphs and a gateway until Ctrl-C. */
async function main(): Promise<void> {
  // Ctrl-C under npm sends SIGINT twice, from the terminal and from npm. The second one must not interrupt the stop.
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      stop.abort();
    });
  }
  try {
    await runSupergraph({
      ...readSettings(process.env),
      signal: stop.signal,
      onReady: (ready) => {
        console.log(welcome(ready));
      },
      onChange: (line) => {
        console.log(line);
      },
    });
  } catch (error) {
    if (stop.signal.aborted && error === stop.signal.reason) return;
    console.error(error instanceof StartError ? error.message : error);
    process.exitCode = 1;
  } finally {
    // What the gateway's library still has open must not delay the end.
    process.exit();
  }
}

function welcome({ gateway, proton, protonPid, accounts }: Ready): string {
  return `
The supergraph is ready. Ctrl-C stops it.

  gateway          ${gateway}   open it in a browser
  proton-subgraph  ${proton}   process ${String(protonPid)}
  accounts         ${accounts}

Request a connection through the gateway:

${REQUEST_CONNECTION}

Then query connections with their owners, in both directions:

${CONNECTIONS_AND_OWNERS}

A live query runs through the gateway: each change of a connection's status is printed below, as it happens. Its text is in
examples/supergraph/operations/status-changes.graphql; in the browser it works as well.
`;
}
