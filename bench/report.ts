import { candidate, COMPARISONS, type CandidateName, type ComparisonName } from './candidates';
import type { CaseResult, Measurement } from './measure';
import type { Options } from './options';
import { CAN_READ_PROCESSES } from './processes';
import { median } from './statistics';
import type { BenchEnvironment } from './machine';
import type { Trial } from './trial';

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
  'CPU ms/request',
  `CPU ${COMPARISONS[comparison].column}`,
];

/** One row for each candidate: the medians over the rounds. */
export function rowsOf(result: CaseResult): readonly (readonly string[])[] {
  const baseline = measurementOf(result, COMPARISONS[result.subject.comparison].baseline);
  return result.measurements.map((measurement) => {
    const { candidate, trials } = measurement;
    const rates = trials.map(({ requestsPerSecond }) => requestsPerSecond);
    return [
      candidate.title,
      perSecond(median(rates)),
      `${perSecond(Math.min(...rates))}–${perSecond(Math.max(...rates))}`,
      median(trials.map(({ p50 }) => p50)).toFixed(2),
      median(trials.map(({ p99 }) => p99)).toFixed(2),
      times(ratio(measurement, baseline, RATE)),
      milliseconds(medianOf(measurement, CPU)),
      times(ratio(measurement, baseline, CPU)),
    ];
  });
}

type Figure = (trial: Trial) => number | undefined;

const RATE: Figure = ({ requestsPerSecond }) => requestsPerSecond;
const CPU: Figure = ({ cpuMs }) => cpuMs;

/** This server compared with the candidate that the project wants to be at least as fast as. */
export interface Comparison {
  readonly to: CandidateName;
  /** This server's median divided by the other's: below 1, this server needs less CPU. Undefined when CPU times can't be read. */
  readonly cpu: number | undefined;
  /** The lowest and the highest quotient of trials in the same round. */
  readonly cpuRange: readonly [number, number] | undefined;
  /** The same for requests/s: above 1, this server is faster. */
  readonly rate: number | undefined;
}

/** @returns undefined when the comparison has no such candidate, or the run left it out */
export function comparisonOf(result: CaseResult): Comparison | undefined {
  const { baseline, rival } = COMPARISONS[result.subject.comparison];
  const own = measurementOf(result, baseline);
  const other = rival && measurementOf(result, rival);
  if (!own || !other) return undefined;
  const byRound = own.trials.flatMap(({ cpuMs }, round) => {
    const otherCpuMs = other.trials[round]?.cpuMs;
    return cpuMs === undefined || otherCpuMs === undefined ? [] : [cpuMs / otherCpuMs];
  });
  return {
    to: other.candidate.name,
    cpu: ratio(own, other, CPU),
    cpuRange: byRound.length === 0 ? undefined : [Math.min(...byRound), Math.max(...byRound)],
    rate: ratio(own, other, RATE),
  };
}

/** The lines below a table. */
export function notesOf(result: CaseResult): readonly string[] {
  const comparison = comparisonOf(result);
  if (!comparison) return [];
  const { to, cpu, cpuRange, rate } = comparison;
  const range = cpuRange && ` (${cpuRange.map((quotient) => quotient.toFixed(2)).join('–')} in the rounds)`;
  return [
    `This server ÷ ${candidate(to).title}: CPU per request ${times(cpu)}${range ?? ''}, requests/s ${times(rate)}`,
  ];
}

/** A result with its medians and ratios, for JSON. */
export function summaryOf(result: CaseResult): object {
  const baseline = measurementOf(result, COMPARISONS[result.subject.comparison].baseline);
  return {
    ...result,
    measurements: result.measurements.map((measurement) => ({
      ...measurement,
      requestsPerSecond: medianOf(measurement, RATE),
      cpuMs: medianOf(measurement, CPU),
      requestsPerSecondToBaseline: ratio(measurement, baseline, RATE),
      cpuToBaseline: ratio(measurement, baseline, CPU),
    })),
    comparison: comparisonOf(result),
  };
}

function measurementOf({ measurements }: CaseResult, name: CandidateName): Measurement | undefined {
  return measurements.find(({ candidate: { name: one } }) => one === name);
}

/** The median over the trials; undefined when the trials do not have the figure. */
function medianOf({ trials }: Measurement, figure: Figure): number | undefined {
  const values = trials.map(figure).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : median(values);
}

function ratio(one: Measurement, other: Measurement | undefined, figure: Figure): number | undefined {
  const dividend = medianOf(one, figure);
  const divisor = other && medianOf(other, figure);
  return dividend === undefined || divisor === undefined ? undefined : dividend / divisor;
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
    ...(CAN_READ_PROCESSES
      ? []
      : ['no CPU per request: only Linux reports the CPU time of a process in /proc']),
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

const UNKNOWN = '–';

function times(quotient: number | undefined): string {
  return quotient === undefined ? UNKNOWN : `×${quotient.toFixed(2)}`;
}

function milliseconds(duration: number | undefined): string {
  return duration === undefined ? UNKNOWN : duration.toFixed(3);
}
