import { text } from 'node:stream/consumers';

import { ESLint } from 'eslint';

/**
 * Reads `[{ "file", "text" }]` from standard input, lints each text as the content of its file, and prints the messages of each.
 * One process lints all texts, because the linter starts slowly.
 */
const texts = JSON.parse(await text(process.stdin));
const eslint = new ESLint({ overrideConfigFile: process.argv[2] });
const messages = [];
for (const { file, text } of texts) {
  const [report] = await eslint.lintText(text, { filePath: file });
  messages.push(report.messages);
}
process.stdout.write(JSON.stringify(messages));
