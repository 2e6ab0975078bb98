/** Who is measured. */
export interface Candidate {
  readonly name: CandidateName;
  readonly title: string;
  /** The packages that make it what it is; their versions are recorded. */
  readonly packages: readonly string[];
}

export const THIS_SERVER = 'this-server';
export const SDK_ADAPTER = 'sdk-adapter';
export const FIXED_BYTES = 'fixed-bytes';

export const CANDIDATE_NAMES = [
  THIS_SERVER,
  'apollo-standalone',
  'apollo-standalone-lean',
  'yoga',
  'mercurius',
  FIXED_BYTES,
  SDK_ADAPTER,
  'sdk-adapter-new-connections',
  'sdk-adapter-no-cache',
] as const;
export type CandidateName = (typeof CANDIDATE_NAMES)[number];

const SDK_PACKAGES = ['@aws-sdk/client-proton', '@smithy/node-http-handler'];

const DESCRIPTIONS: Readonly<Record<CandidateName, Omit<Candidate, 'name'>>> = {
  'this-server': { title: 'this server', packages: ['@apollo/server', 'fastify', 'graphql'] },
  'apollo-standalone': { title: 'Apollo Server standalone', packages: ['@apollo/server', 'graphql'] },
  'apollo-standalone-lean': {
    title: 'Apollo standalone, plugins off',
    packages: ['@apollo/server', 'graphql'],
  },
  yoga: { title: 'GraphQL Yoga', packages: ['graphql-yoga', 'graphql'] },
  mercurius: { title: 'Mercurius, JIT', packages: ['mercurius', 'graphql-jit', 'fastify', 'graphql'] },
  'fixed-bytes': { title: 'fixed bytes (ceiling)', packages: [] },
  'sdk-adapter': { title: 'SDK adapter', packages: SDK_PACKAGES },
  'sdk-adapter-new-connections': { title: 'SDK adapter, no keep-alive', packages: SDK_PACKAGES },
  'sdk-adapter-no-cache': { title: 'SDK adapter, no cacheMiddleware', packages: SDK_PACKAGES },
};

/** Who is compared with whom: the servers around the same service, or the ways for this server to reach its control plane. */
export interface Contest {
  readonly name: ContestName;
  /** Whom the others are measured by. */
  readonly measure: CandidateName;
  /** What its column says of that. */
  readonly column: string;
  readonly candidates: readonly CandidateName[];
}

export const CONTEST_NAMES = ['servers', 'adapters'] as const;
export type ContestName = (typeof CONTEST_NAMES)[number];

export const CONTESTS: Readonly<Record<ContestName, Contest>> = {
  servers: {
    name: 'servers',
    measure: THIS_SERVER,
    column: 'to this server',
    candidates: CANDIDATE_NAMES.filter((name) => !name.startsWith(SDK_ADAPTER)),
  },
  adapters: {
    name: 'adapters',
    measure: SDK_ADAPTER,
    column: 'to the SDK adapter',
    candidates: CANDIDATE_NAMES.filter((name) => name === THIS_SERVER || name.startsWith(SDK_ADAPTER)),
  },
};

export function candidate(name: CandidateName): Candidate {
  return { name, ...DESCRIPTIONS[name] };
}
