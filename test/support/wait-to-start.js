/**
 * Loaded before the built server (`node -r`): loads the server's modules, which takes most of its start, then waits for a byte on
 * standard input. Until then the server has opened nothing.
 */
const { keep } = require('./fast-start');
require('../../dist/app/create-app');
keep();
require('node:fs').readSync(0, Buffer.alloc(1));
