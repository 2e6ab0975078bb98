import * as apollo from '@apollo/composition';
import * as guild from '@theguild/federation-composition';
import * as wundergraph from '@wundergraph/composition';
import { parse, print } from 'graphql';

export interface ComposedSubgraph {
  readonly name: string;
  readonly sdl: string;
  /** Where a gateway finds it; needed only where one runs on the result. */
  readonly url?: string;
}

export interface Composition {
  readonly errors: readonly string[];
  /** What the composer would rather have otherwise: hints, warnings. */
  readonly warnings: readonly string[];
  /** Empty when there are errors. */
  readonly supergraphSdl: string;
}

export interface Composer {
  readonly name: string;
  readonly compose: (subgraphs: readonly ComposedSubgraph[]) => Composition;
}

export const APOLLO: Composer = {
  name: '@apollo/composition',
  compose(subgraphs) {
    const { errors = [], hints = [], supergraphSdl = '' } = apollo.composeServices(definitionsOf(subgraphs));
    return { errors: errors.map(String), warnings: hints.map(String), supergraphSdl };
  },
};

const GUILD: Composer = {
  name: '@theguild/federation-composition',
  compose(subgraphs) {
    // It has no hints.
    const { errors = [], supergraphSdl = '' } = guild.composeServices(definitionsOf(subgraphs));
    return { errors: errors.map(String), warnings: [], supergraphSdl };
  },
};

const WUNDERGRAPH: Composer = {
  name: '@wundergraph/composition',
  compose(subgraphs) {
    const result = wundergraph.federateSubgraphs({
      subgraphs: definitionsOf(subgraphs).map(({ name, url, typeDefs }) => ({
        name,
        url,
        definitions: typeDefs,
      })),
      version: wundergraph.LATEST_ROUTER_COMPATIBILITY_VERSION,
    });
    return {
      errors: result.success ? [] : result.errors.map(String),
      warnings: result.warnings.map(String),
      supergraphSdl: result.success ? print(result.federatedGraphAST) : '',
    };
  },
};

export const COMPOSERS = [APOLLO, GUILD, WUNDERGRAPH];
/** Those that hand `@cost` and `@listSize` on to the gateway; the third keeps them in its router's configuration. */
export const COMPOSERS_WITH_COSTS = [APOLLO, GUILD];

/** The schema that a gateway shows to an audience which is to see nothing that carries the tag. */
export function publicSdlWithout(tag: string, subgraphs: readonly ComposedSubgraph[]): string {
  const result = guild.composeSchemaContract(
    definitionsOf(subgraphs),
    { include: new Set(), exclude: new Set([tag]) },
    true,
  );
  if (guild.compositionHasErrors(result)) throw new Error(result.errors.map(String).join('\n'));
  return result.publicSdl;
}

function definitionsOf(subgraphs: readonly ComposedSubgraph[]) {
  return subgraphs.map(({ name, sdl, url = `http://${name}.test/graphql` }) => ({
    name,
    url,
    typeDefs: parse(sdl),
  }));
}
