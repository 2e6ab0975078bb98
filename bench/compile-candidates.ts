import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import ts from 'typescript';

import { PROJECT } from './project';

/**
 * Compiles `bench/candidates`, so that every candidate runs under plain Node.js, without a hook that compiles as it loads, and
 * takes the project's own code from `dist`, which is what `this-server` runs.
 *
 * Their imports say `../../src`. Beside what is compiled, `src` is therefore a link to `dist`: Node.js follows it to the real
 * files, and no import has to be rewritten.
 * @param folder where the compiled files go; inside the project, so that they find its packages
 * @returns the folder that the scripts are in
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
