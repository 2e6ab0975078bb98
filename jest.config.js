const { availableParallelism } = require('node:os');

const SWC = [
  '@swc/jest',
  {
    jsc: {
      target: 'es2023',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
      keepClassNames: true,
    },
    module: { type: 'commonjs' },
  },
];

/** What all projects share. */
const shared = {
  testEnvironment: '<rootDir>/test/support/environment.js',
  runtime: '<rootDir>/test/support/runtime.js',
  roots: ['<rootDir>/test'],
  transform: { '^.+\\.ts$': SWC },
};

/** Starts a PostgreSQL for the projects that may start processes. */
const POSTGRES = { globalSetup: '<rootDir>/test/support/postgres-server.ts' };

/** With TEST_STORE=postgres the servers of all tests are on PostgreSQL. */
const UNIT_SETUP = process.env.TEST_STORE === 'postgres' ? POSTGRES : {};

const inTest = (glob) => `${__dirname}/test/${glob}.test.ts`;
/** Tests of what is left after a kill, a full disk or a restart under load. */
const DURABILITY = [inTest('durability/**/*')];
/** Tests that start processes (built servers, gateways, compilers) or send thousands of requests. */
const INTEGRATION = [inTest('{browser,deploy,e2e,federation,lint}/**/*'), inTest('**/*.integration')];
const UNIT = [inTest('**/*'), ...[...DURABILITY, ...INTEGRATION].map((glob) => `!${glob}`)];

/** @type {import('jest').Config} */
module.exports = {
  projects: [
    {
      ...shared,
      ...UNIT_SETUP,
      displayName: 'unit',
      setupFiles: ['<rootDir>/test/support/no-processes.js'],
      testMatch: UNIT,
    },
    { ...shared, ...POSTGRES, displayName: 'integration', testMatch: INTEGRATION },
    { ...shared, ...POSTGRES, displayName: 'durability', testMatch: DURABILITY },
  ],
  testSequencer: '<rootDir>/test/support/sequencer.js',
  // No test needs so long. It only ends one that hangs, so it leaves room for a machine that has much else to do.
  testTimeout: 240_000,
  // Two more than there are cores, because many tests wait: for processes, for timeouts, for a disk. Jest takes no share over 100%.
  maxWorkers: availableParallelism() + 2,
  workerIdleMemoryLimit: '1GB',
  coverageProvider: 'v8',
  collectCoverageFrom: [
    'src/**/*.ts',
    '!src/{main,program,load-program}.ts',
    '!src/app/serve.ts',
    '!src/cli/main.ts',
  ],
  coverageReporters: ['text', 'lcovonly'],
};
