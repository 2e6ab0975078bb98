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

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: '<rootDir>/test/support/environment.js',
  setupFiles: ['<rootDir>/test/support/keep-natives.js'],
  // Real processes start and end in these tests; on a busy machine that takes a while.
  testTimeout: 30_000,
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: { '^.+\\.ts$': SWC, '/node_modules/jose/.+\\.js$': SWC },
  // Published as ES modules alone, which Node can require and jest can't.
  transformIgnorePatterns: ['/node_modules/(?!jose/)'],
  // A dynamic import names the file that is built from the source.
  moduleNameMapper: { '^(\\.{1,2}/(?:proton-sdk|telemetry)/.*)\\.js$': '$1' },
  // Much of the time goes into processes that tests start, and the one that hands out the work needs little.
  maxWorkers: '100%',
  coverageProvider: 'v8',
  workerIdleMemoryLimit: '1GB',
  collectCoverageFrom: ['src/**/*.ts', '!src/main.ts', '!src/cli/main.ts', '!scripts/print-schema.ts'],
  coverageReporters: ['text', 'lcovonly'],
};
