import eslint from '@eslint/js';
import graphqlEslint from '@graphql-eslint/eslint-plugin';
import prettier from 'eslint-config-prettier';
import boundaries from 'eslint-plugin-boundaries';
import jest from 'eslint-plugin-jest';
import tseslint from 'typescript-eslint';

/**
 * The rooms, and the arrows between them that are allowed. They go one way: what is not named here is forbidden. The first
 * room whose pattern fits a file is the one it lies in.
 */
const ROOMS = [
  { type: 'sqlite', pattern: 'src/proton/embedded/sqlite' },
  { type: 'embedded', pattern: 'src/proton/embedded' },
  { type: 'sdk', pattern: 'src/proton/sdk' },
  { type: 'proton', pattern: 'src/proton' },
  { type: 'subgraph', pattern: 'src/subgraph' },
  { type: 'endpoint', pattern: 'src/endpoint' },
  { type: 'sigv4', pattern: 'src/sigv4' },
  { type: 'authentication', pattern: 'src/authentication' },
  { type: 'http', pattern: 'src/http' },
  { type: 'settings', pattern: 'src/settings' },
  { type: 'telemetry', pattern: 'src/telemetry' },
  { type: 'cli', pattern: 'src/cli' },
  // What the composition root puts together.
  { type: 'back-ends', pattern: 'src/app' },
];

/** The files that stand outside the rooms. */
const FILES = ['config', 'app', 'main'];

const ARROWS = {
  proton: ['proton'],
  embedded: ['embedded', 'proton'],
  sqlite: ['sqlite', 'embedded', 'proton'],
  sdk: ['sdk', 'proton'],
  subgraph: ['subgraph', 'proton'],
  endpoint: ['endpoint', 'sigv4', 'proton', 'embedded'],
  sigv4: ['sigv4'],
  authentication: ['authentication', 'sigv4', 'proton'],
  http: ['http', 'subgraph', 'endpoint', 'authentication'],
  settings: ['settings', 'proton'],
  config: ['settings', 'proton'],
  telemetry: ['telemetry', 'settings'],
  'back-ends': [
    'back-ends',
    'config',
    'http',
    'endpoint',
    'telemetry',
    'proton',
    'embedded',
    'sqlite',
    'sdk',
  ],
  app: ['back-ends', 'config', 'http', 'subgraph', 'endpoint', 'authentication', 'telemetry', 'proton'],
  main: ['app', 'config', 'telemetry', 'http', 'sqlite', 'endpoint'],
  cli: ['cli', 'config', 'subgraph', 'endpoint', 'proton', 'embedded', 'sqlite'],
};

const place = (name) => (FILES.includes(name) ? { file: { categories: name } } : { element: { type: name } });

export default tseslint.config(
  { ignores: ['dist/', 'generated/', 'coverage/', 'data/', 'node_modules/'] },
  {
    files: ['**/*.ts'],
    extends: [
      eslint.configs.recommended,
      tseslint.configs.strictTypeChecked,
      tseslint.configs.stylisticTypeChecked,
    ],
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // Resolver classes hold no state: type-graphql needs them for their decorators.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'The environment is read in src/config/config.ts alone.',
        },
      ],
    },
  },
  {
    // Here classes describe the shapes of GraphQL types; the values that flow are plain objects of those shapes.
    files: ['src/subgraph/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { boundaries },
    settings: {
      'boundaries/elements': ROOMS,
      'boundaries/files': FILES.map((name) => ({ category: name, pattern: `src/${name}.ts` })),
      'import/resolver': { node: { extensions: ['.ts'] } },
    },
    rules: {
      'boundaries/no-unknown-files': 'error',
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          policies: [
            { allow: { to: { module: { origin: ['external', 'core'] } } } },
            ...Object.entries(ARROWS).flatMap(([from, targets]) =>
              targets.map((to) => ({ from: place(from), allow: { to: place(to) } })),
            ),
          ],
        },
      ],
    },
  },
  {
    // The process's own edge: it reads the environment's variables to hand them on, and speaks to whoever started it.
    files: ['src/main.ts', 'src/cli/main.ts', 'test/support/**/*.ts', 'bench/**/*.ts', 'examples/**/*.ts'],
    rules: { 'no-console': 'off', 'no-restricted-properties': 'off' },
  },
  {
    files: ['test/**/*.test.ts', 'test/**/*.contract.ts'],
    plugins: { jest },
    extends: [jest.configs['flat/recommended']],
    rules: {
      'jest/expect-expect': ['error', { assertFunctionNames: ['expect', 'fc.assert', 'expect*'] }],
      // A contract is exported to be run over every adapter; a property's expectations stand in its branches.
      'jest/no-export': 'off',
      'jest/no-conditional-expect': 'off',
      // For what needs something that a machine may not have; the test's name then says what.
      'jest/no-standalone-expect': ['error', { additionalTestBlockFunctions: ['testUnless'] }],
      'jest/no-disabled-tests': 'error',
      'jest/no-focused-tests': 'error',
    },
  },
  {
    files: ['schema/**/*.graphql'],
    languageOptions: {
      parser: graphqlEslint.parser,
      parserOptions: {
        graphQLConfig: {
          schema: ['schema/schema.graphql', 'schema/federation-directives.graphql'],
          documents: 'schema/operations/*.graphql',
        },
      },
    },
    plugins: { '@graphql-eslint': graphqlEslint },
  },
  {
    files: ['schema/schema.graphql'],
    rules: {
      ...graphqlEslint.configs['flat/schema-recommended'].rules,
      ...graphqlEslint.configs['flat/schema-relay'].rules,
      // The entity's own name, EnvironmentAccountConnection, ends in the suffix that Relay reserves for pages.
      '@graphql-eslint/relay-arguments': 'off',
      '@graphql-eslint/relay-connection-types': 'off',
      '@graphql-eslint/relay-edge-types': [
        'error',
        { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false },
      ],
      // Root types are assembled by type-graphql, which has no place for their description.
      '@graphql-eslint/require-description': [
        'error',
        { types: true, DirectiveDefinition: false, ignoredSelectors: ['[name.value=/^(Query|Mutation)$/]'] },
      ],
      // Only entities have an identity.
      '@graphql-eslint/strict-id-in-types': [
        'error',
        {
          acceptedIdNames: ['id'],
          acceptedIdTypes: ['ID'],
          exceptions: {
            types: ['PageInfo', 'EnvironmentAccountConnectionTag', 'EnvironmentAccountConnectionConnection'],
            suffixes: ['Payload', 'Edge', 'EventConnection', 'Error', 'Violation'],
          },
        },
      ],
    },
  },
  {
    files: ['schema/operations/*.graphql'],
    rules: graphqlEslint.configs['flat/operations-recommended'].rules,
  },
  prettier,
);
