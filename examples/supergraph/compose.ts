import { composeServices, compositionHasErrors } from '@theguild/federation-composition';
import { parse } from 'graphql';

import { StartError } from './start-error';

export interface SubgraphSdl {
  readonly name: string;
  /** Where the gateway finds the subgraph. */
  readonly url: string;
  readonly sdl: string;
}

/**
 * Puts subgraphs together into the SDL that a gateway runs on.
 * @throws StartError with every reason why they do not fit together
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
