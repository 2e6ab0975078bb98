#!/usr/bin/env node
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const loader = join(__dirname, '..', 'dist', 'load-program.js');
if (existsSync(loader)) {
  void main();
} else {
  process.stderr.write('proton-subgraph has not been built yet: run `npm run build` first.\n');
  process.exitCode = 1;
}

async function main() {
  const { loadCommands, loadServer } = await require(loader).loadProgram();
  const commands = await loadCommands();
  // Passed in, because the commands load nothing of the server.
  await commands.main(() => void loadServer().then(({ serve }) => serve()));
}
