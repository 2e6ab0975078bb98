/** Who is measured. */
export interface Candidate {
  readonly name: CandidateName;
  readonly title: string;
  /** The packages that make it what it is; their versions are recorded. */
  readonly packages: readonly string[];
}

export const THIS_SERVER = 'this-server';
export const FIXED_BYTES = 'fixed-bytes';

export const CANDIDATE_NAMES = [
  THIS_SERVER,
  'apollo-standalone',
  'apollo-standalone-lean',
  'yoga',
  'mercurius',
  FIXED_BYTES,
] as const;
export type CandidateName = (typeof CANDIDATE_NAMES)[number];

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
};

export function candidate(name: CandidateName): Candidate {
  return { name, ...DESCRIPTIONS[name] };
}
