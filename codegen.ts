import type { CodegenConfig } from '@graphql-codegen/cli';

const client = {
  preset: 'client' as const,
  presetConfig: { fragmentMasking: false },
  config: { scalars: { DateTime: 'string' }, useTypeImports: true },
};

/** Types the operation files for whoever sends them: the tests, the example, a frontend that copies this file. */
const config: CodegenConfig = {
  generates: {
    './generated/operations/': {
      ...client,
      schema: 'schema/schema.graphql',
      documents: 'schema/operations/*.graphql',
    },
    './generated/supergraph/': {
      ...client,
      schema: ['schema/schema.graphql', 'examples/supergraph/schema.graphql'],
      documents: 'examples/supergraph/operations/*.graphql',
    },
  },
};

export default config;
