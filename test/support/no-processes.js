/** Runs before each unit test file. Unit tests must not start processes, so that all of them take only seconds. */
jest.mock('node:child_process', () => {
  const reject = (name) => () => {
    throw new Error(
      `A unit test called ${name}() of node:child_process. Name its file *.integration.test.ts, or move it to test/e2e.`,
    );
  };
  const names = ['exec', 'execFile', 'execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync'];
  return {
    ...jest.requireActual('node:child_process'),
    ...Object.fromEntries(names.map((name) => [name, reject(name)])),
  };
});
