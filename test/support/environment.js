const { AsyncLocalStorage } = require('node:async_hooks');
const { ModernFakeTimers } = require('@jest/fake-timers');
const BetterSqlite3 = require('better-sqlite3');
const { ModuleMocker } = require('jest-mock');

/**
 * Jest's environment for a test file: the worker's own globals, which packages that are loaded once per worker share with the
 * tests (see runtime.js). After a test file, it puts them back.
 */
module.exports = class {
  constructor({ projectConfig: config }) {
    this.global = globalThis;
    this.moduleMocker = new ModuleMocker(globalThis);
    this.fakeTimersModern = new ModernFakeTimers({ config, global: globalThis });
    this.globals = Object.getOwnPropertyDescriptors(globalThis);
    this.variables = { ...process.env };
    const { exit, exitCode, getBuiltinModule } = process;
    this.process = { exit, exitCode, getBuiltinModule };
  }

  setup() {}

  teardown() {
    this.fakeTimersModern.dispose();
    putBack(globalThis, this.globals);
    putBack(process.env, Object.getOwnPropertyDescriptors(this.variables));
    Object.assign(process, this.process);
    for (const storage of storages) storage.disable();
    storages.clear();
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }

  /** Only has to exist, because runtime.js compiles for the worker's context. */
  getVmContext() {
    return {};
  }
};

function putBack(object, descriptors) {
  for (const key of Reflect.ownKeys(object)) if (!(key in descriptors)) Reflect.deleteProperty(object, key);
  for (const key of Reflect.ownKeys(descriptors)) Reflect.defineProperty(object, key, descriptors[key]);
}

/** Node 20 copies the value of each storage that is not disabled to each new promise, so those of earlier files slow down later ones. */
const storages = new Set();
const { run } = AsyncLocalStorage.prototype;
AsyncLocalStorage.prototype.run = function (...args) {
  storages.add(this);
  return run.apply(this, args);
};

/**
 * Node 24.19 and later abort the process when they collect a statement or a database of better-sqlite3 12 while no JavaScript runs
 * (src/control-plane/sqlite/pin-native.ts). Jest releases the modules of a test file and their objects after it; so the worker
 * keeps every such object.
 */
const natives = new Set();
const { exec, prepare } = BetterSqlite3.prototype;

BetterSqlite3.prototype.exec = function (...args) {
  natives.add(this);
  return exec.apply(this, args);
};

BetterSqlite3.prototype.prepare = function (...args) {
  natives.add(this);
  const statement = prepare.apply(this, args);
  natives.add(statement);
  return statement;
};

// The library's `pragma` creates a statement that is not reachable from here.
BetterSqlite3.prototype.pragma = function (source, { simple = false } = {}) {
  const statement = this.prepare(`PRAGMA ${source}`);
  if (!statement.reader) return statement.run();
  return simple ? statement.pluck().get() : statement.all();
};
