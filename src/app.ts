import type { Logger } from 'pino';

import type { Config } from './config';
import { createWebServer } from './http/web-server';
import { createEmbeddedProtonService } from './proton/embedded/embedded-proton-service';
import { openSqliteStore } from './proton/embedded/sqlite/sqlite-store';
import { unrestrictedViewer } from './proton/viewer';
import { createContext } from './subgraph/context';

export interface App {
  /** Resolves once requests are answered. */
  readonly start: () => Promise<void>;
  /** Answers what is under way, makes it durable, and gives the store back. Calling it again waits for the same end. */
  readonly stop: () => Promise<void>;
  /** Where it listens; known once it has started. */
  readonly urls: { readonly graphql: string };
}

/**
 * The composition root: the one place that chooses adapters.
 * @throws StoreOpenError when the database can't serve
 */
export function createApp(config: Config, logger: Logger): App {
  if (config.proton.kind !== 'embedded') throw new Error('not yet');
  const store = openSqliteStore(config.proton.store);
  const proton = createEmbeddedProtonService({ store, settings: config.proton.controlPlane });
  // There is no authentication yet: everyone is the same viewer, who may do everything.
  const viewer = unrestrictedViewer('anonymous');
  const reportFault = (error: unknown) => {
    logger.error({ err: error }, 'a request failed');
  };
  const web = createWebServer({
    address: config.http,
    explorable: !config.production,
    logger,
    reportFault,
    contextFor: (_request, client) => createContext(proton, viewer, reportFault, client),
  });

  let graphql: string | undefined;
  let stopped: Promise<void> | undefined;

  async function stop(): Promise<void> {
    await web.stop();
    await proton.drained();
    await store.close();
  }

  return {
    async start() {
      try {
        graphql = await web.start();
      } catch (error) {
        await store.close();
        throw error;
      }
    },
    stop: () => (stopped ??= stop()),
    get urls() {
      if (graphql === undefined) throw new Error('the app has not started');
      return { graphql };
    },
  };
}
