#!/usr/bin/env node
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const loader = join(__dirname, '..', 'dist', 'load-program.js');
if (existsSync(loader)) {
  void require(loader)
    .loadProgram()
    .then(({ runCommand }) => runCommand());
} else {
  process.stderr.write('proton-subgraph has not been built yet: run `npm run build` first.\n');
  process.exitCode = 1;
}
