import type { GraphQLSchema } from 'graphql';

import { readConfig } from '../../src/config/config';
import { createEmbeddedProtonService } from '../../src/control-plane/control-plane';
import { openSqliteStore } from '../../src/control-plane/sqlite/sqlite-store';
import { unrestrictedViewer } from '../../src/proton/viewer';
import { createContext, type SubgraphContext } from '../../src/subgraph/context';
import { buildSubgraph } from '../../src/subgraph/schema';

/** What every peer serves: the schema, the resolvers, the service and the store of this project, so that only the server differs. */
export interface SharedParts {
  readonly host: string;
  /** 0, which takes any that is free. */
  readonly port: number;
  readonly schema: GraphQLSchema;
  /** A fresh context for each request, as the app makes it. */
  readonly context: () => SubgraphContext;
}

/** Puts the parts together as `src/app/create-app.ts` does, from the same environment variables. */
export function sharedParts(): SharedParts {
  const config = readConfig(process.env);
  if (config.proton.kind !== 'embedded')
    throw new Error('the peers are measured over the embedded control plane');
  const store = openSqliteStore(config.proton.store);
  const proton = createEmbeddedProtonService({ store, settings: config.proton.controlPlane });
  const viewer = unrestrictedViewer('anonymous');
  return {
    ...config.http,
    schema: buildSubgraph().schema,
    context: () => createContext(proton, viewer, console.error, {}),
  };
}
