const { default: Sequencer } = require('@jest/test-sequencer');

const ORDER = ['durability', 'integration', 'unit'];

/** Starts the longest test files first, so that no core is idle while the last one runs. Within a project, Jest's own order counts. */
module.exports = class extends Sequencer {
  sort(tests) {
    const place = (test) => ORDER.indexOf(test.context.config.displayName.name);
    return super.sort(tests).sort((one, other) => place(one) - place(other));
  }
};
