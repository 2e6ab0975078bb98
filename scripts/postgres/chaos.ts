import { Presets, SingleBar } from 'cli-progress';

import { runChaos, type ChaosReport } from './chaos/run-chaos';
import { randomSeed, scriptOptions, wholeNumber } from '../script-options';
import { findPostgres } from './installation';

const HELP = `Runs two servers on a PostgreSQL of its own under the load of eight clients, and kills servers, database sessions and the
database again and again. Then compares the database with what the clients were promised: every acknowledged write is there, none in
part, and every change is in the feed once. Exits with code 1 if anything is wrong.

npm run chaos:postgres -- [--seed NUMBER] [--kills NUMBER] [--bin FOLDER]

  --seed   decides whom it kills and when; random by default, and printed
  --kills  how many; 100 by default, about two minutes
  --bin    the folder of another PostgreSQL's programs, as in /usr/lib/postgresql/15/bin`;

void main();

async function main(): Promise<void> {
  const given = scriptOptions(HELP, {
    seed: { type: 'string', default: randomSeed() },
    kills: { type: 'string', default: '100' },
    bin: { type: 'string' },
  });
  const seed = wholeNumber('seed', given.seed, 0);
  const kills = wholeNumber('kills', given.kills, 1);
  const installation = findPostgres(given.bin);
  const bar = new SingleBar({ format: '{bar} {value} of {total} kills' }, Presets.shades_grey);
  bar.start(kills, 0);
  try {
    const report = await runChaos({
      installation,
      seed,
      kills,
      onKill() {
        bar.increment();
      },
    });
    bar.stop();
    print(seed, report);
    if (report.faults.length > 0) process.exitCode = 1;
  } finally {
    bar.stop();
    installation.remove();
  }
}

function print(seed: number, report: ChaosReport): void {
  const { kills, acknowledged, unknown, unavailable, events, slowestMs, longestPauseMs, faults } = report;
  console.log(`seed                   ${String(seed)}`);
  console.log(
    `kills                  ${String(kills.replica)} of servers, ${String(kills.backend)} of sessions, ${String(kills.postmaster)} of the database`,
  );
  console.log(`acknowledged           ${String(acknowledged)}`);
  console.log(`UNAVAILABLE            ${String(unavailable)}`);
  console.log(`unknown to the client  ${String(unknown)}`);
  console.log(`events                 ${String(events)}`);
  console.log(`slowest answer         ${slowestMs.toFixed(0)} ms`);
  console.log(
    `longest pause          ${longestPauseMs.toFixed(0)} ms from a kill to the next acknowledgement`,
  );
  console.log(faults.length === 0 ? 'nothing is wrong' : `wrong:\n  ${faults.join('\n  ')}`);
}
