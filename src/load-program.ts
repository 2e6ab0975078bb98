import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

import type * as program from './program';

/** `npm run build` writes both: all modules that a start loads as one file, and what V8 compiled of it. */
const BUNDLE = join(__dirname, 'bundle.js');
const CODE_CACHE = join(__dirname, 'bundle.cache');

/** The server and the commands: from the bundle, which loads in half of the time, or from their modules where there is none. */
export async function loadProgram(): Promise<typeof program> {
  return existsSync(BUNDLE) ? evaluate(compileBundle()) : import('./program.ts');
}

/**
 * Compiles the bundle with its code cache. V8 rejects the cache of another version, or of other flags such as `--max-old-space-size` with
 * Node.js 20; the script's `cachedDataRejected` is then true, and functions are compiled when they are called, which takes longer.
 */
export function compileBundle(): Script {
  const cachedData = existsSync(CODE_CACHE) ? readFileSync(CODE_CACHE) : undefined;
  return new Script(readFileSync(BUNDLE, 'latin1'), {
    filename: BUNDLE,
    cachedData,
  });
}

/** Runs the bundle as Node.js runs a CommonJS module. */
export function evaluate(bundle: Script): typeof program {
  const module = { exports: {} };
  const run = bundle.runInThisContext() as (...args: unknown[]) => void;
  run.call(module.exports, module.exports, createRequire(BUNDLE), module, BUNDLE, dirname(BUNDLE));
  return module.exports as typeof program;
}
