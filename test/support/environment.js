const { TestEnvironment } = require('jest-environment-node');

/** Held by the worker itself, past the end of the test file that made them. */
const kept = new Set();

/** Jest's own environment for Node, with a place to keep native objects: see keep-natives.js. */
module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.global.keptNatives = kept;
  }
};
