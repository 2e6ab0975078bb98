import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { transformFileSync } from '@swc/core';

import { PROJECT } from './project';

/**
 * Compiles `bench/candidates`, so that every candidate runs in plain Node.js, without a compiler hook, and uses the project's code
 * in `dist`, as `this-server` does.
 *
 * Candidates import from `../../src`. In the output folder, `src` is a link to `dist`, so that these imports work unchanged.
 * @param folder where the compiled files go; inside the project, so that they find its packages
 * @returns the folder of the scripts
 */
export function compileCandidates(folder: string): string {
  const sources = join(PROJECT, 'bench', 'candidates');
  const scripts = join(folder, 'bench', 'candidates');
  mkdirSync(scripts, { recursive: true });
  symlinkSync(join(PROJECT, 'dist'), join(folder, 'src'), 'junction');
  for (const name of readdirSync(sources)) {
    const { code } = transformFileSync(join(sources, name), {
      jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
      module: { type: 'commonjs' },
    });
    writeFileSync(join(scripts, name.replace(/\.ts$/, '.js')), code);
  }
  return scripts;
}
