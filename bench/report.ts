import { COMPARISONS, type ComparisonName } from './candidates';
import type { CaseResult } from './measure';
import type { Options } from './options';
import { median } from './statistics';
import type { BenchEnvironment } from './machine';

/** The results of a run. */
export interface Report {
  readonly environment: BenchEnvironment;
  readonly options: Pick<Options, 'rounds' | 'seconds' | 'warmUp' | 'connections'>;
  readonly results: readonly CaseResult[];
}

/** The columns of a table; all but the first contain figures. */
export const columnsOf = (comparison: ComparisonName) => [
  'candidate',
  'requests/s',
  'min–max',
  'p50 ms',
  'p99 ms',
  COMPARISONS[comparison].column,
];

/** One row for each candidate: the medians over the rounds. */
export function rowsOf({ subject, measurements }: CaseResult): readonly (readonly string[])[] {
  const rateOf = new Map(
    measurements.map(({ candidate, trials }) => [
      candidate.name,
      median(trials.map(({ requestsPerSecond }) => requestsPerSecond)),
    ]),
  );
  const baseline = rateOf.get(COMPARISONS[subject.comparison].baseline) ?? Number.NaN;
  return measurements.map(({ candidate, trials }) => {
    const rates = trials.map(({ requestsPerSecond }) => requestsPerSecond);
    const rate = rateOf.get(candidate.name) ?? Number.NaN;
    return [
      candidate.title,
      perSecond(rate),
      `${perSecond(Math.min(...rates))}–${perSecond(Math.max(...rates))}`,
      median(trials.map(({ p50 }) => p50)).toFixed(2),
      median(trials.map(({ p99 }) => p99)).toFixed(2),
      `×${(rate / baseline).toFixed(2)}`,
    ];
  });
}

/** The machine, the versions and the options of the run, one line each. */
export function environmentLines({ environment, options }: Report): readonly string[] {
  const { date, cpu, cores, memoryGiB, system, node, loadBefore, packages } = environment;
  return [
    `${date.slice(0, 16).replace('T', ' ')} UTC`,
    `${cpu}, ${String(cores)} cores, ${String(memoryGiB)} GiB, ${system}, Node.js ${node.slice(1)}, load before the run ${String(loadBefore)}`,
    `${String(options.connections)} connections, ${String(options.warmUp)} s of warm-up, medians of ${String(options.rounds)} trials of ${String(options.seconds)} s`,
    Object.entries(packages)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  ];
}

export function titleOf({ subject, responseBytes }: CaseResult): string {
  const size =
    responseBytes < 1_000 ? `${String(responseBytes)} bytes` : `${(responseBytes / 1_000).toFixed(1)} kB`;
  return `${subject.title} (\`${subject.name}\`, ${size})`;
}

function perSecond(rate: number): string {
  return rate.toLocaleString('en-US', { maximumFractionDigits: rate < 100 ? 1 : 0 });
}
