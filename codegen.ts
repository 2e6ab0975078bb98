import type { CodegenConfig } from '@graphql-codegen/cli';

const client = {
  preset: 'client' as const,
  presetConfig: { fragmentMasking: false },
  config: { scalars: { DateTime: 'string' }, useTypeImports: true },
};

/** Generates types for the operation files, for tests, the example, the console, and frontends that copy this file. */
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
    './generated/frontend/': {
      ...client,
      // Texts, so that a page needs no parser and no printer.
      config: { ...client.config, documentMode: 'string' },
      schema: ['schema/schema.graphql', 'examples/supergraph/schema.graphql'],
      documents: 'examples/frontend/src/*.graphql',
    },
    './generated/console/': {
      ...client,
      schema: 'schema/schema.graphql',
      documents: 'web/src/**/*.graphql',
    },
  },
};

export default config;
