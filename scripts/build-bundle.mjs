import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

import { build } from 'esbuild';

/**
 * Bundles the modules in dist/ into dist/bundle.js, runs the bundle once, and keeps what V8 compiled in dist/bundle.cache: a start then
 * need not find and compile 1,200 files. A bundle that has not changed is left alone.
 */
const DIST = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');
const BUNDLE = join(DIST, 'bundle.js');
const CODE_CACHE = join(DIST, 'bundle.cache');

/**
 * These stay in node_modules: compiled packages, and those that only some configurations load. The bundle calls `require` for them, so
 * all are CommonJS.
 */
const EXTERNAL = [
  '@aws-sdk/*',
  '@opentelemetry/*',
  '@smithy/*',
  'better-sqlite3',
  // Optional for type-graphql; not installed.
  'class-validator',
  'pg',
  'pino-pretty',
  'rate-limiter-flexible',
  'undici',
];

const { compileBundle, evaluate } = createRequire(import.meta.url)('../dist/load-program.js');
const text = await bundleOf(join(DIST, 'program.js'));
if (!isCurrent(text)) {
  // Of the text that a cache was made from, V8 only compares the length: an old cache must never lie beside another text.
  rmSync(CODE_CACHE, { force: true });
  replace(BUNDLE, text);
  replace(CODE_CACHE, await codeOfRun());
}
// Without it, the server would serve on.
process.exit();

async function bundleOf(entry) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    target: 'node20',
    charset: 'ascii',
    // The text stays in memory: without comments and indentation it is 2.4 MB shorter. Names stay as they are, for stack traces.
    minifyWhitespace: true,
    lineLimit: 120,
    external: EXTERNAL,
    // V8 forgets how a script imports when it takes the code from a cache.
    supported: { 'dynamic-import': false },
    // As Node.js wraps a CommonJS module.
    banner: { js: '(function (exports, require, module, __filename, __dirname) {' },
    footer: { js: '})' },
    logLevel: 'warning',
    write: false,
  });
  // V8 keeps ASCII in half of the memory. esbuild leaves other characters in comments and regular expressions.
  return outputFiles[0].text.replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function isCurrent(text) {
  if (!existsSync(BUNDLE) || !existsSync(CODE_CACHE)) return false;
  return readFileSync(BUNDLE, 'latin1') === text && !compileBundle().cachedDataRejected;
}

/** Starts a server with a store in memory, sends a request, and returns what V8 compiled for that. */
async function codeOfRun() {
  process.env = {
    PATH: process.env['PATH'],
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: '0',
    ADMIN_PORT: '0',
    PROTON_ENDPOINT_PORT: '0',
    DATABASE_URL: 'sqlite::memory:',
    LOG_LEVEL: 'warn',
  };
  const bundle = compileBundle();
  const urls = await evaluate(bundle).serve();
  if (!urls) process.exit(1);
  const response = await fetch(urls.graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ __typename }' }),
  });
  if (!response.ok)
    throw new Error(`The bundled server responded ${response.status}: ${await response.text()}`);
  // The server has set this flag. V8 rejects a cache that was made with other flags than it starts with.
  setFlagsFromString('--heap-growing-percent=0');
  return bundle.createCachedData();
}

/** Another process finds either the old file or the whole new one. */
function replace(file, content) {
  const whole = `${file}-${process.pid}`;
  writeFileSync(whole, content);
  renameSync(whole, file);
}
