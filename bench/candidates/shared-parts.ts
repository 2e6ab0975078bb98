import type { GraphQLSchema } from 'graphql';

import { readConfig } from '../../src/config/config';
import { createEmbeddedProtonService } from '../../src/control-plane/control-plane';
import { openPostgresStore } from '../../src/control-plane/postgres/postgres-store';
import { openSqliteStore } from '../../src/control-plane/sqlite/sqlite-store';
import { unrestrictedViewer } from '../../src/proton/viewer';
import { createContext, type SubgraphContext } from '../../src/subgraph/context';
import { buildSubgraph } from '../../src/subgraph/schema';
import type { Environment } from './start';

/** This project's schema, service and store. All other servers use them, so that only the server around them differs. */
export interface SharedParts {
  readonly host: string;
  /** 0, for any free port. */
  readonly port: number;
  readonly schema: GraphQLSchema;
  /** A new context for each request, as in the app. */
  readonly context: () => SubgraphContext;
}

/** Creates the parts as `src/app/create-app.ts` does, from the same environment variables. */
export async function sharedParts(environment: Environment): Promise<SharedParts> {
  const config = readConfig(environment);
  if (config.proton.kind !== 'embedded')
    throw new Error('this candidate needs the embedded control plane: unset PROTON_UPSTREAM');
  const { store: storeConfig } = config.proton;
  const store =
    storeConfig.kind === 'sqlite'
      ? openSqliteStore(storeConfig)
      : await openPostgresStore({ ...storeConfig, migrate: true });
  const proton = createEmbeddedProtonService({ store, settings: config.proton.controlPlane });
  const viewer = unrestrictedViewer('anonymous');
  return {
    ...config.http,
    schema: buildSubgraph().schema,
    context: () => createContext(proton, viewer, console.error, {}),
  };
}
