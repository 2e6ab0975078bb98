import * as apollo from '@apollo/composition';
import * as guild from '@theguild/federation-composition';
import * as wundergraph from '@wundergraph/composition';
import { parse, print } from 'graphql';

export interface ComposedSubgraph {
  readonly name: string;
  readonly sdl: string;
  /** Only needed when a gateway runs the result. */
  readonly url?: string;
}

export interface Composition {
  readonly errors: readonly string[];
  /** Hints and warnings. */
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
/** The composers that pass `@cost` and `@listSize` on to the gateway. The third keeps them in its router's configuration. */
export const COMPOSERS_WITH_COSTS = [APOLLO, GUILD];

/** The public schema of a contract variant that excludes a tag. */
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
