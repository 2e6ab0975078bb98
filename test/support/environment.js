const { TestEnvironment } = require('jest-environment-node');

/** Lives as long as the worker, longer than the test file that adds to it. */
const kept = new Set();

/** Jest's environment for Node, with a set that keeps native objects alive: see keep-natives.js. */
module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.global.keptNatives = kept;
  }
};
