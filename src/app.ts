import type { Logger } from 'pino';

import type { Config, EmbeddedProtonConfig, EndpointConfig, SdkProtonConfig } from './config';
import { createAccessKeys } from './endpoint/access-keys/access-keys';
import { believeNamedAccount } from './endpoint/authentication/named-account';
import { verifySignature } from './endpoint/authentication/signature';
import { createEndpoint } from './endpoint/endpoint';
import { createEndpointServer } from './http/endpoint-server';
import { createWebServer } from './http/web-server';
import {
  createEmbeddedProtonService,
  type EmbeddedProtonService,
} from './proton/embedded/embedded-proton-service';
import { openSqliteStore, type SqliteStore } from './proton/embedded/sqlite/sqlite-store';
import type { ProtonService } from './proton/proton-service';
import { unrestrictedViewer } from './proton/viewer';
import { createContext } from './subgraph/context';

export interface App {
  /**
   * Resolves once requests are answered. When it rejects, everything has been given back.
   * @throws ListenError, AccessKeyError
   */
  readonly start: () => Promise<AppUrls>;
  /** Answers what is under way, makes it durable, and gives the store back. Calling it again waits for the same end. */
  readonly stop: () => Promise<void>;
}

/** Where it listens. */
export interface AppUrls {
  readonly graphql: string;
  /** The endpoint for AWS clients; undefined where there is none. */
  readonly protonEndpoint: string | undefined;
}

/** Where connections are kept, and what comes along with that. */
interface BackEnd {
  readonly proton: ProtonService;
  /** The control plane's front door for AWS clients, where it is in this process and open. */
  readonly endpoint:
    { readonly start: () => Promise<string>; readonly stop: () => Promise<void> } | undefined;
  readonly close: () => Promise<void>;
}

/**
 * The composition root: the one place that chooses adapters.
 * @throws StoreOpenError when the database can't serve
 */
export async function createApp(config: Config, logger: Logger): Promise<App> {
  const reportFault = (error: unknown) => {
    logger.error({ err: error }, 'a request failed');
  };
  const { proton, endpoint, close } =
    config.proton.kind === 'embedded'
      ? embeddedBackEnd(config.proton, reportFault)
      : await sdkBackEnd(config.proton, logger);
  // There is no authentication yet: everyone is the same viewer, who may do everything.
  const viewer = unrestrictedViewer('anonymous');
  const web = createWebServer({
    address: config.http,
    explorable: !config.production,
    logger,
    reportFault,
    contextFor: (_request, client) => createContext(proton, viewer, reportFault, client),
  });

  let stopped: Promise<void> | undefined;

  async function stop(): Promise<void> {
    await Promise.all([web.stop(), endpoint?.stop()]);
    await close();
  }

  return {
    async start() {
      try {
        const protonEndpoint = await endpoint?.start();
        return { graphql: await web.start(), protonEndpoint };
      } catch (error) {
        await endpoint?.stop();
        await close();
        throw error;
      }
    },
    stop: () => (stopped ??= stop()),
  };
}

function embeddedBackEnd(
  { store: { location }, controlPlane, endpoint }: EmbeddedProtonConfig,
  reportFault: (error: unknown) => void,
): BackEnd {
  const store = openSqliteStore({ location });
  const proton = createEmbeddedProtonService({ store, settings: controlPlane });
  return {
    proton,
    endpoint: endpoint && endpointBefore(proton, store, endpoint, reportFault),
    async close() {
      await proton.drained();
      await store.close();
    },
  };
}

async function sdkBackEnd({ credentials, ...settings }: SdkProtonConfig, logger: Logger): Promise<BackEnd> {
  // Loaded here, for AWS's SDK takes as long to load as half of the rest, and few use it.
  const [{ createSdkProtonService }, { credentialProviders }] = await Promise.all([
    import('./proton/sdk/sdk-proton-service.js'),
    import('./proton/sdk/credential-providers.js'),
  ]);
  const proton = createSdkProtonService({
    ...settings,
    credentialsFor: credentialProviders(credentials),
    report: ({ kind, error, ...said }) => {
      if (kind === 'trouble') logger.warn({ ...said, err: error }, 'Proton could not be asked');
      else logger.info(said, 'Proton refused what was asked');
    },
    warn: (warning) => {
      logger.warn(warning);
    },
  });
  return {
    proton,
    endpoint: undefined,
    close() {
      proton.close();
      return Promise.resolve();
    },
  };
}

function endpointBefore(
  service: EmbeddedProtonService,
  store: SqliteStore,
  { auth, ...address }: EndpointConfig,
  reportFault: (error: unknown) => void,
): BackEnd['endpoint'] {
  const accessKeys =
    auth.kind === 'sigv4'
      ? createAccessKeys({ store: store.accessKeys, encryptionKey: auth.encryptionKey })
      : undefined;
  const authenticate = accessKeys ? verifySignature({ accessKeys }) : believeNamedAccount();
  const server = createEndpointServer({
    address,
    endpoint: createEndpoint({ service, authenticate, reportFault }),
    reportFault,
  });
  return {
    async start() {
      // An encryption key that opens nothing would have every caller fail, one by one.
      await accessKeys?.bind();
      return server.start();
    },
    stop: server.stop,
  };
}
