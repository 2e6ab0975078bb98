import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { format } from 'prettier';

import { configurationPage } from './configuration-page';

/** `npm run docs`: writes the reference pages that are generated from code. */
async function main(): Promise<void> {
  const file = join(__dirname, '..', 'docs', 'reference', 'configuration.md');
  writeFileSync(file, await format(configurationPage(), { parser: 'markdown', printWidth: 110 }));
}

void main();
