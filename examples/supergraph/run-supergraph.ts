import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

import { startAccountsSubgraph } from './accounts-subgraph';
import { composeSupergraph } from './compose';
import { fetchSdl } from './fetch-sdl';
import { startGateway } from './gateway';
import { startProtonProcess } from './proton-process';
import type { Settings } from './settings';
import { StartError } from './start-error';
import { printStatusChanges } from './status-changes';

/** What has not stopped after this time does not delay the others. */
const MAX_STOP_MS = 5_000;

/** The URLs of the running supergraph. */
export interface Ready {
  readonly gateway: string;
  readonly accounts: string;
  readonly proton: string;
  readonly protonPid: number;
}

export interface RunOptions extends Settings {
  /** Ends the run, even during the start. */
  readonly signal: AbortSignal;
  readonly onReady: (ready: Ready) => void;
  /** Receives a line for each change of a connection's status. */
  readonly onChange: (line: string) => void;
}

/**
 * Runs both subgraphs and the gateway until the signal is aborted, and resolves when all have ended.
 * @throws StartError when one of them can't start or ends by itself; the others have then been stopped
 */
export async function runSupergraph({
  gatewayPort,
  accountsPort,
  signal,
  onReady,
  onChange,
}: RunOptions): Promise<void> {
  const running: { readonly stop: () => Promise<void> }[] = [];
  try {
    const proton = await startProtonProcess(signal);
    running.push(proton);
    const accounts = await startAccountsSubgraph(accountsPort);
    running.push(accounts);

    const supergraphSdl = composeSupergraph([
      { name: 'proton', url: proton.url, sdl: await fetchSdl(proton.url) },
      { name: 'accounts', url: accounts.url, sdl: await fetchSdl(accounts.url) },
    ]);
    const gateway = await startGateway(supergraphSdl, gatewayPort, {
      subgraph: 'proton',
      url: proton.url,
      transport: 'ws',
    });
    running.push(gateway);

    signal.throwIfAborted();
    onReady({ gateway: gateway.url, accounts: accounts.url, proton: proton.url, protonPid: proton.pid });
    const watching = new AbortController();
    void printStatusChanges(gateway.url, watching.signal, onChange);
    running.push({
      stop() {
        watching.abort();
        return Promise.resolve();
      },
    });
    const died = await Promise.race([proton.ended, once(signal, 'abort').then(() => undefined)]);
    if (died !== undefined) throw new StartError(`proton-subgraph ${died}; the others have been stopped.`);
  } finally {
    // The gateway first, because its running requests need the subgraphs.
    for (const part of running.reverse()) {
      // A part that fails to stop must not hide why the run ended: the gateway's WebSocket fails so once its subgraph is dead.
      const stopped = part.stop().catch(() => undefined);
      await Promise.race([stopped, wait(MAX_STOP_MS, undefined, { ref: false })]);
    }
  }
}
