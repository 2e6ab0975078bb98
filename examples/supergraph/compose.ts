import { composeServices, compositionHasErrors } from '@theguild/federation-composition';
import { parse } from 'graphql';

import { StartError } from './start-error';

export interface SubgraphSdl {
  readonly name: string;
  /** Where the gateway reaches the subgraph. */
  readonly url: string;
  readonly sdl: string;
}

/**
 * Composes subgraphs into the supergraph SDL for a gateway.
 * @throws StartError with all composition errors
 */
export function composeSupergraph(subgraphs: readonly SubgraphSdl[]): string {
  const result = composeServices(
    subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: parse(sdl) })),
  );
  if (compositionHasErrors(result)) {
    throw new StartError(
      [
        `The subgraphs ${subgraphs.map(({ name }) => name).join(' and ')} do not compose:`,
        ...result.errors.map(({ message }) => `  ${message}`),
      ].join('\n'),
    );
  }
  return result.supergraphSdl;
}
