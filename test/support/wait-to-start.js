/** Loads the built server, and starts it after a byte on standard input. Until then it has opened nothing. */
const { readSync } = require('node:fs');

const { loadProgram } = require('../../dist/load-program');

void loadProgram()
  .then(({ loadServer }) => loadServer())
  .then(({ serve }) => {
    readSync(0, Buffer.alloc(1));
    return serve();
  });
