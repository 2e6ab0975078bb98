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

interface Part {
  readonly stop: () => Promise<void>;
}

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
  const running: Part[] = [];
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
  } catch (error) {
    // With its subgraph dead, the gateway may fail to stop, too: what ended the run is what matters.
    await stopAll(running).catch(() => undefined);
    throw error;
  }
  await stopAll(running);
}

/** Stops all parts, the last one first: the gateway's running requests need the subgraphs. Then it rejects if one failed to stop. */
async function stopAll(parts: readonly Part[]): Promise<void> {
  const failures: unknown[] = [];
  for (const part of parts.toReversed()) {
    const stopped = part.stop().catch((error: unknown) => failures.push(error));
    await Promise.race([stopped, wait(MAX_STOP_MS, undefined, { ref: false })]);
  }
  if (failures.length > 0) throw new AggregateError(failures, 'A part of the example did not stop.');
}
