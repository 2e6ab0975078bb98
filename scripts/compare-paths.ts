import { Presets, SingleBar } from 'cli-progress';

import { comparePaths } from '../test/support/two-paths';
import { randomSeed, scriptOptions, wholeNumber } from './script-options';

const HELP = `Sends random operations to two equal servers: one executes prepared documents itself, the other one passes everything to
Apollo Server. Prints every difference between their responses or metrics, and exits with code 1 if there is one.

npm run compare-paths -- [--seed NUMBER] [--operations NUMBER]

  --seed        decides the operations; random by default, and printed, so that a run can be repeated
  --operations  how many; 5,000 by default, about two minutes`;

void main();

async function main(): Promise<void> {
  const given = scriptOptions(HELP, {
    seed: { type: 'string', default: randomSeed() },
    operations: { type: 'string', default: '5000' },
  });
  const seed = wholeNumber('seed', given.seed, 0);
  const operations = wholeNumber('operations', given.operations, 1);
  const bar = new SingleBar(
    { noTTYOutput: false, format: '{bar} {value} of {total} operations' },
    Presets.shades_grey,
  );
  bar.start(operations, 0);
  const { requests, compiled, differences } = await comparePaths({
    seed,
    operations,
    onProgress: (done) => {
      bar.update(done);
    },
  });
  bar.stop();
  for (const difference of differences) console.log(JSON.stringify(difference, undefined, 2));
  console.log(
    `Seed ${String(seed)}: ${String(requests)} requests, ${String(compiled)} of them without Apollo Server, ${String(differences.length)} differences.`,
  );
  process.exitCode = differences.length === 0 ? 0 : 1;
}
