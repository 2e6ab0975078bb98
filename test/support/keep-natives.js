/**
 * Runs before each test file. Node 24.19 and later abort the process when they collect a statement or a database of
 * better-sqlite3 12 while no JavaScript runs (src/control-plane/sqlite/pin-native.ts). Jest releases the modules of a test file and
 * their objects after it; so the worker keeps every such object.
 */
const BetterSqlite3 = require('better-sqlite3');

const { keptNatives } = globalThis;
const { exec, prepare } = BetterSqlite3.prototype;

BetterSqlite3.prototype.exec = function (...args) {
  keptNatives.add(this);
  return exec.apply(this, args);
};

BetterSqlite3.prototype.prepare = function (...args) {
  keptNatives.add(this);
  const statement = prepare.apply(this, args);
  keptNatives.add(statement);
  return statement;
};

// The library's `pragma` creates a statement that is not reachable from here.
BetterSqlite3.prototype.pragma = function (source, { simple = false } = {}) {
  const statement = this.prepare(`PRAGMA ${source}`);
  if (!statement.reader) return statement.run();
  return simple ? statement.pluck().get() : statement.all();
};
