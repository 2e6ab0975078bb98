import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

import type * as program from './program';

/** `npm run build` writes both. */
export const BUNDLE = join(__dirname, 'bundle.js');
export const CODE_CACHE = join(__dirname, 'bundle.cache');
/** In stack traces. V8 keeps the name with the cache, so it is not a path of the machine that built it. */
const NAME = 'proton-subgraph/dist/bundle.js';

/**
 * Loads the server and the commands: from the bundle, or from their modules where none has been built. With V8's code cache, the bundle
 * loads in half of the time.
 */
export async function loadProgram(): Promise<typeof program> {
  return existsSync(BUNDLE) ? evaluate(compileBundle()) : import('./program.ts');
}

/**
 * Compiles the bundle, with the code cache if it is of this bundle and of this Node.js. V8 still rejects it when flags of V8 differ;
 * `cachedDataRejected` of the script says so. Without a cache, functions are compiled when they are called.
 */
export function compileBundle(): Script {
  const text = readFileSync(BUNDLE);
  return compile(text, cachedCodeOf(text));
}

/** @param text ASCII, which V8 keeps where it is, outside of the heap */
export function compile(text: Buffer, cachedData?: Buffer): Script {
  return new Script(text.toString('latin1'), { filename: NAME, cachedData });
}

/** Runs the bundle as Node.js runs a CommonJS module. */
export function evaluate(bundle: Script): typeof program {
  const module = { exports: {} };
  const run = bundle.runInThisContext() as (...args: unknown[]) => void;
  run.call(module.exports, module.exports, createRequire(BUNDLE), module, BUNDLE, dirname(BUNDLE));
  return module.exports as typeof program;
}

/** The content of the cache's file: a line that says what the code is for, then the code. */
export function codeCacheOf(bundle: Script, text: Buffer): Buffer {
  const code = bundle.createCachedData();
  return Buffer.concat([Buffer.from(labelOf(text, code)), code]);
}

function cachedCodeOf(text: Buffer): Buffer | undefined {
  let content: Buffer;
  try {
    content = readFileSync(CODE_CACHE);
  } catch {
    return undefined;
  }
  const code = content.subarray(content.indexOf('\n') + 1);
  return content.toString('latin1', 0, content.length - code.length) === labelOf(text, code)
    ? code
    : undefined;
}

/**
 * V8 compares its own version, its flags and the length of the text. Code of another Node.js with the same V8, of another processor or
 * of another text of the same length can crash the process: https://github.com/nodejs/node/issues/62781
 */
function labelOf(text: Buffer, code: Buffer): string {
  const { version, platform, arch } = process;
  return `${[version, platform, arch, crc32(text), crc32(code)].join(' ')}\n`;
}
