import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { environmentWith, PROJECT } from './support/server-process';

describe('The bench', () => {
  it('sends every case to every candidate, and all responses are equal', async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['-r', '@swc-node/register', 'bench/run.ts', '--smoke'],
      { cwd: PROJECT, env: environmentWith({}) },
    );
    // Five cases on six servers, four cases on four adapters.
    expect(stdout).toBe('All responses are equal: 46 compared, nothing measured.\n');
  });
});
