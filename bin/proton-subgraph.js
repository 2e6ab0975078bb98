#!/usr/bin/env node
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const dist = join(__dirname, '..', 'dist');
const commands = join(dist, 'cli', 'main.js');
if (existsSync(commands)) {
  // Passed in, because the commands load nothing of the server: `serve` then is `node dist/main.js`.
  void require(commands).main(() => require(join(dist, 'main.js')));
} else {
  process.stderr.write('proton-subgraph has not been built yet: run `npm run build` first.\n');
  process.exitCode = 1;
}
