/** Runs before each unit test file: these tests start no process, so that all of them together take seconds. */
jest.mock('node:child_process', () => {
  const refuse = (name) => () => {
    throw new Error(
      `A unit test called ${name}() of node:child_process. Name its file *.integration.test.ts, or move it to test/e2e.`,
    );
  };
  const names = ['exec', 'execFile', 'execFileSync', 'execSync', 'fork', 'spawn', 'spawnSync'];
  return {
    ...jest.requireActual('node:child_process'),
    ...Object.fromEntries(names.map((name) => [name, refuse(name)])),
  };
});
