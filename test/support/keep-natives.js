/**
 * Runs before each test file. Node 24.19 and later abort the process when they collect a statement or a database of
 * better-sqlite3 12 while no JavaScript runs (src/control-plane/sqlite/pin-native.ts). Jest drops a file's modules when it has run
 * it, and all that they held; so here every such object is held by the worker.
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

// The library's own makes a statement that nobody else sees.
BetterSqlite3.prototype.pragma = function (source, { simple = false } = {}) {
  const statement = this.prepare(`PRAGMA ${source}`);
  if (!statement.reader) return statement.run();
  return simple ? statement.pluck().get() : statement.all();
};
