import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import ts from 'typescript';

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
    const { outputText } = ts.transpileModule(readFileSync(join(sources, name), 'utf8'), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.CommonJS,
        esModuleInterop: true,
      },
    });
    writeFileSync(join(scripts, name.replace(/\.ts$/, '.js')), outputText);
  }
  return scripts;
}
