/** Loaded before a built program (`node -r`): waits for a byte on standard input. Until then the program has opened nothing. */
require('node:fs').readSync(0, Buffer.alloc(1));
