import { parseArgs } from 'node:util';

import { Presets, SingleBar } from 'cli-progress';

import { comparePaths } from '../test/support/two-paths';

const HELP = `Sends random operations to two equal servers: one executes prepared documents itself, the other one passes everything to
Apollo Server. Prints every difference between their responses or metrics, and exits with code 1 if there is one.

npm run compare-paths -- [--seed NUMBER] [--operations NUMBER]

  --seed        decides the operations; random by default, and printed, so that a run can be repeated
  --operations  how many; 5,000 by default, about two minutes`;

void main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seed: { type: 'string' }, operations: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const operations = Number(values.operations ?? 5_000);
  if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(operations) || operations < 1) {
    console.error('--seed and --operations take whole numbers. Try --help.');
    process.exitCode = 1;
    return;
  }
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
