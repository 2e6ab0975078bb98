import type { CodegenConfig } from '@graphql-codegen/cli';

/** Types the operation files for whoever sends them: tests, the example, a frontend that copies this file. */
const config: CodegenConfig = {
  schema: 'schema/schema.graphql',
  documents: ['schema/operations/*.graphql', 'examples/**/*.graphql', '!examples/**/schema.graphql'],
  ignoreNoDocuments: true,
  generates: {
    './generated/operations/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: { scalars: { DateTime: 'string' }, enumsAsTypes: true, useTypeImports: true },
    },
  },
};

export default config;
