/**
 * Loaded before a built program (`node -r`). Half of the CPU time of a server's start goes into finding and compiling its 1500 files.
 * So a process keeps their paths, texts and compiled code in one file, for the next processes that run the same script. These still
 * run every module.
 */
const { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { dirname, join, relative } = require('node:path');
const { deserialize, serialize } = require('node:v8');
const { Script } = require('node:vm');

const PROJECT = join(__dirname, '..', '..');
const FOLDER = join(PROJECT, 'node_modules', '.cache', 'fast-start');
const file = join(FOLDER, relative(PROJECT, process.argv[1]).replaceAll('/', '-'));
/** Changes with each build and each installation, and with Node. */
const version = [join(PROJECT, 'dist', '.tsbuildinfo'), join(PROJECT, 'node_modules', '.package-lock.json')]
  .map((path) => statSync(path).mtimeMs)
  .concat(process.version)
  .join();

let kept = { version, paths: {}, texts: {}, code: {} };
try {
  const found = deserialize(readFileSync(file));
  if (found.version === version) kept = found;
} catch {
  // The first process keeps nothing yet.
}
const compiled = new Map();

const resolve = Module._resolveFilename;
Module._resolveFilename = (name, parent, ...rest) =>
  (kept.paths[`${parent?.path} ${name}`] ??= resolve(name, parent, ...rest));

const load = Module._extensions['.js'];
Module._extensions['.js'] = (module, filename) => {
  const text = (kept.texts[filename] ??= Module.wrap(readFileSync(filename, 'utf8').replace(/^#!.*/, '')));
  const cachedData = kept.code[filename];
  const script = importsLater(text) ? undefined : compile(text, { filename, cachedData });
  if (!script) {
    load(module, filename);
    return;
  }
  if (!cachedData) compiled.set(filename, script);
  const require = Module.createRequire(filename);
  script
    .runInThisContext()
    .call(module.exports, module.exports, require, module, filename, dirname(filename));
};

/** Kept code can't import. */
const importsLater = (text) => text.includes('import(');

/** Undefined for an ES module. */
function compile(text, options) {
  try {
    return new Script(text, options);
  } catch {
    return undefined;
  }
}

/** Keeps what has been loaded so far, and leaves the rest of the process to Node. */
function keep() {
  Module._resolveFilename = resolve;
  Module._extensions['.js'] = load;
  for (const [filename, script] of compiled) kept.code[filename] = script.createCachedData();
  const whole = `${file}-${String(process.pid)}`;
  try {
    if (compiled.size > 0) {
      mkdirSync(FOLDER, { recursive: true });
      writeFileSync(whole, serialize(kept));
      renameSync(whole, file);
    }
  } catch {
    // As with a limit on the size of files. Another process keeps it.
  }
  compiled.clear();
  kept = undefined;
}

// When the program has been loaded.
const loaded = setImmediate(keep);

module.exports = {
  keep() {
    clearImmediate(loaded);
    keep();
  },
};
