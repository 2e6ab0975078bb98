import eslint from '@eslint/js';
import graphqlEslint from '@graphql-eslint/eslint-plugin';
import prettier from 'eslint-config-prettier';
import boundaries from 'eslint-plugin-boundaries';
import jest from 'eslint-plugin-jest';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/**
 * The modules of `src`. The first matching pattern decides a file's module. MODULE_IMPORTS lists the modules that each may import.
 */
const MODULES = [
  { type: 'app', pattern: 'src/app' },
  { type: 'config', pattern: 'src/config' },
  { type: 'proton', pattern: 'src/proton' },
  { type: 'sqlite', pattern: 'src/control-plane/sqlite' },
  { type: 'postgres', pattern: 'src/control-plane/postgres' },
  { type: 'control-plane', pattern: 'src/control-plane' },
  { type: 'proton-sdk', pattern: 'src/proton-sdk' },
  { type: 'subgraph', pattern: 'src/subgraph' },
  { type: 'graphql', pattern: 'src/graphql' },
  { type: 'aws-api', pattern: 'src/aws-api' },
  { type: 'sigv4', pattern: 'src/sigv4' },
  { type: 'authentication', pattern: 'src/authentication' },
  { type: 'http', pattern: 'src/http' },
  { type: 'telemetry', pattern: 'src/telemetry' },
  { type: 'events', pattern: 'src/events' },
  { type: 'cli', pattern: 'src/cli' },
];

/** Files with rules of their own. */
const FILES = ['main', 'load-program', 'program', 'root-folder', 'telemetry/events'];
/** Every module may import these; of telemetry/events only types. */
const FOR_EVERYONE = ['root-folder', 'telemetry/events'];

const MODULE_IMPORTS = {
  proton: [],
  'control-plane': ['proton'],
  sqlite: ['control-plane', 'proton'],
  postgres: ['control-plane', 'proton'],
  'proton-sdk': ['proton'],
  events: ['control-plane', 'proton'],
  subgraph: ['proton'],
  graphql: ['subgraph', 'proton'],
  'aws-api': ['sigv4', 'proton', 'control-plane'],
  sigv4: [],
  authentication: ['sigv4', 'proton'],
  http: ['graphql', 'subgraph', 'aws-api', 'authentication'],
  // Only types from proton-sdk and graphql: the code of proton-sdk loads the AWS SDK.
  config: ['proton', 'authentication', 'graphql', 'proton-sdk', 'events'],
  telemetry: [],
  app: [
    'config',
    'http',
    'subgraph',
    'aws-api',
    'authentication',
    'telemetry',
    'proton',
    'control-plane',
    'sqlite',
    'postgres',
    'proton-sdk',
    'events',
  ],
  main: ['load-program'],
  'load-program': ['program'],
  program: ['app', 'cli'],
  cli: ['config', 'proton', 'control-plane', 'sqlite', 'postgres', 'events'],
};

const selector = (name) =>
  FILES.includes(name) ? { file: { categories: name } } : { element: { type: name } };

const GETTER_OF_LITERAL = {
  selector: "ObjectExpression > Property[kind='get']",
  message: 'V8 keeps what such a getter refers to alive until its next full collection: use a class.',
};

export default tseslint.config(
  { ignores: ['dist/', 'generated/', 'coverage/', 'data/', 'node_modules/'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [
      eslint.configs.recommended,
      tseslint.configs.strictTypeChecked,
      tseslint.configs.stylisticTypeChecked,
    ],
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // type-graphql needs classes for its decorators, although resolvers have no state.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'Only src/config/config.ts reads the environment.',
        },
      ],
    },
  },
  {
    // Classes declare GraphQL types here. The values are plain objects with the same fields.
    files: ['src/subgraph/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
      // A parameter may only declare an argument.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', GETTER_OF_LITERAL] },
  },
  {
    files: ['src/control-plane/sqlite/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        GETTER_OF_LITERAL,
        {
          selector: ':matches(TemplateElement[value.raw=/LIMIT [?@]/], Literal[value=/LIMIT [?@]/])',
          message: 'SQLite compiles such a statement again at each execution: use limitOf.',
        },
      ],
    },
  },
  {
    // AWS deprecated the client when it ended Proton. We still use the protocol.
    files: ['src/proton-sdk/calls.ts'],
    rules: { '@typescript-eslint/no-deprecated': 'off' },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { boundaries },
    settings: {
      'boundaries/elements': MODULES,
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
            ...Object.entries(MODULE_IMPORTS).flatMap(([from, targets]) =>
              [from, ...FOR_EVERYONE, ...targets].map((to) => ({
                from: selector(from),
                allow: { to: selector(to) },
              })),
            ),
          ],
        },
      ],
    },
  },
  {
    files: ['web/src/**/*.tsx', 'web/src/**/*.ts'],
    extends: [reactHooks.configs.flat['recommended-latest']],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: { 'no-console': 'error' },
  },
  {
    // Entry points of processes read the environment and print.
    files: [
      'src/app/serve.ts',
      'src/cli/main.ts',
      'scripts/**/*.ts',
      'test/support/**/*.ts',
      'bench/**/*.ts',
      'examples/**/*.ts',
    ],
    rules: { 'no-console': 'off', 'no-restricted-properties': 'off' },
  },
  {
    files: ['test/**/*.test.ts', 'test/**/*.contract.ts'],
    plugins: { jest },
    extends: [jest.configs['flat/recommended']],
    rules: {
      'jest/expect-expect': ['error', { assertFunctionNames: ['expect', 'fc.assert', 'expect*'] }],
      // Contracts are exported, to run with each adapter. Property tests have expectations in branches.
      'jest/no-export': 'off',
      'jest/no-conditional-expect': 'off',
      // `testUnless` skips tests on machines that lack a tool, and names the tool.
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
      // EnvironmentAccountConnection is an entity, but Relay reserves the suffix `Connection` for pages.
      '@graphql-eslint/relay-arguments': 'off',
      '@graphql-eslint/relay-connection-types': 'off',
      '@graphql-eslint/relay-edge-types': [
        'error',
        { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false },
      ],
      // type-graphql creates the root types without a description.
      '@graphql-eslint/require-description': [
        'error',
        {
          types: true,
          DirectiveDefinition: false,
          ignoredSelectors: ['[name.value=/^(Query|Mutation|Subscription)$/]'],
        },
      ],
      // Only entities have an identity.
      '@graphql-eslint/strict-id-in-types': [
        'error',
        {
          acceptedIdNames: ['id'],
          acceptedIdTypes: ['ID'],
          exceptions: {
            types: [
              'PageInfo',
              'EnvironmentAccountConnectionTag',
              'EnvironmentAccountConnectionConnection',
              'EnvironmentAccountConnectionAccountConnection',
            ],
            suffixes: [
              'Payload',
              'Edge',
              'EventConnection',
              'Error',
              'Violation',
              'StatusChange',
              'Viewer',
              'ViewerAccount',
              'Overview',
              'StatusCount',
              'Week',
              'TrustPolicy',
            ],
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
