import type { GraphQLSchema } from 'graphql';

import { readConfig } from '../../src/config/config';
import { createEmbeddedProtonService } from '../../src/control-plane/control-plane';
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
export function sharedParts(environment: Environment): SharedParts {
  const config = readConfig(environment);
  if (config.proton.kind !== 'embedded')
    throw new Error('this candidate needs the embedded control plane: unset PROTON_UPSTREAM');
  if (config.proton.store.kind !== 'sqlite')
    throw new Error('this candidate needs a SQLite store: DATABASE_URL=sqlite:PATH');
  const store = openSqliteStore(config.proton.store);
  const proton = createEmbeddedProtonService({ store, settings: config.proton.controlPlane });
  const viewer = unrestrictedViewer('anonymous');
  return {
    ...config.http,
    schema: buildSubgraph().schema,
    context: () => createContext(proton, viewer, console.error, {}),
  };
}
