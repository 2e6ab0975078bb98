import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

import { build } from 'esbuild';

/**
 * Bundles the modules in dist/ into dist/bundle.js, runs the bundle once, and writes V8's code cache of it to dist/bundle.cache: a start
 * then need not find and compile 1,200 files. A bundle that has not changed is left alone.
 */
const DIST = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');

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

const { BUNDLE, CODE_CACHE, codeCacheOf, compile, compileBundle, evaluate } = createRequire(import.meta.url)(
  '../dist/load-program.js',
);
const text = await bundled();
if (!isCurrent(text)) {
  // Both are replaced when the bundle has run without an error.
  const codeCache = await codeCacheOfRun(text);
  replace(BUNDLE, text);
  replace(CODE_CACHE, codeCache);
}
// Without it, the server would serve on.
process.exit();

async function bundled() {
  const { outputFiles } = await build({
    // Not as an entry point: esbuild would make its "use strict" that of all packages.
    stdin: { contents: "module.exports = require('./program.js');", resolveDir: DIST },
    bundle: true,
    platform: 'node',
    target: 'node20',
    charset: 'ascii',
    // The text stays in memory: without comments and indentation it is 2.4 MB shorter. Most names stay as they are, for stack traces.
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
  const ascii = outputFiles[0].text.replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return Buffer.from(ascii);
}

function isCurrent(text) {
  return (
    existsSync(BUNDLE) && readFileSync(BUNDLE).equals(text) && compileBundle().cachedDataRejected === false
  );
}

/** Starts a server with a store in memory, and sends a request. */
async function codeCacheOfRun(text) {
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
  const script = compile(text);
  const { loadCommands, loadServer } = evaluate(script);
  await loadCommands();
  const { serve } = await loadServer();
  const urls = await serve();
  if (!urls) throw new Error('The bundled server did not start; the reason is above');
  const response = await fetch(urls.graphql, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ __typename }' }),
  });
  if (!response.ok) {
    throw new Error(`The bundled server responded ${response.status}: ${await response.text()}`);
  }
  // The server has set this flag. V8 rejects a cache that was made with other flags than it starts with.
  setFlagsFromString('--heap-growing-percent=0');
  return codeCacheOf(script, text);
}

/** Another process finds either the old file or the whole new one. */
function replace(file, content) {
  const whole = `${file}-${process.pid}`;
  writeFileSync(whole, content);
  renameSync(whole, file);
}
