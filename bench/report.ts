import { candidate, COMPARISONS, THIS_SERVER_LOGGING, type CandidateName } from './candidates';
import type { CaseResult, LoadResult, Measurement, StartResult, StartTrial } from './measure';
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

/** The result of a case as a table. */
export interface Table {
  readonly title: string;
  /** All columns but the first contain figures. */
  readonly columns: readonly string[];
  /** One row for each candidate: the medians over the rounds. */
  readonly rows: readonly (readonly string[])[];
  /** The lines below the table. */
  readonly notes: readonly string[];
}

export function tableOf(result: CaseResult): Table {
  const columns = result.kind === 'load' ? loadColumns(result) : startColumns(result);
  return {
    title: titleOf(result),
    columns: ['candidate', ...columns.map(({ title }) => title)],
    rows: result.measurements.map(({ candidate: { name, title } }) => [
      title,
      ...columns.map(({ cell }) => cell(name)),
    ]),
    notes: quotientsOf(result).map(noteOf),
  };
}

interface Column {
  readonly title: string;
  readonly cell: (name: CandidateName) => string;
}

/** A value of one round; undefined when this system does not report it. */
type Figure<Round> = (round: Round) => number | undefined;

const RATE: Figure<Trial> = ({ requestsPerSecond }) => requestsPerSecond;
const CPU: Figure<Trial> = ({ cpuMs }) => cpuMs.server;
const MEMORY: Figure<Trial> = ({ memoryMiB }) => memoryMiB;

function loadColumns(result: LoadResult): readonly Column[] {
  const { baseline, column } = COMPARISONS[result.subject.comparison];
  const valueOf = medians(result);
  const rates = (name: CandidateName) =>
    roundsOf(result, name).map(({ requestsPerSecond }) => requestsPerSecond);
  return [
    { title: 'requests/s', cell: (name) => perSecond(valueOf(name, RATE)) },
    {
      title: 'min–max',
      cell: (name) => `${perSecond(Math.min(...rates(name)))}–${perSecond(Math.max(...rates(name)))}`,
    },
    {
      title: 'p50 ms',
      cell: (name) =>
        decimals(
          valueOf(name, ({ p50 }) => p50),
          2,
        ),
    },
    {
      title: 'p99 ms',
      cell: (name) =>
        decimals(
          valueOf(name, ({ p99 }) => p99),
          2,
        ),
    },
    { title: column, cell: (name) => times(quotient(valueOf(name, RATE), valueOf(baseline, RATE))) },
    { title: 'CPU ms/request', cell: (name) => decimals(valueOf(name, CPU), 3) },
    { title: `CPU ${column}`, cell: (name) => times(quotient(valueOf(name, CPU), valueOf(baseline, CPU))) },
    ...(result.subject.comparison === 'gateways'
      ? [
          {
            title: 'gateway CPU ms/request',
            cell: (name: CandidateName) =>
              decimals(
                valueOf(name, ({ cpuMs }) => cpuMs.gateway),
                3,
              ),
          },
        ]
      : []),
    { title: 'MiB', cell: (name) => decimals(valueOf(name, MEMORY), 0) },
  ];
}

const START_MS: Figure<StartTrial> = ({ startMs }) => startMs;
const START_CPU: Figure<StartTrial> = ({ cpuMs }) => cpuMs;
const STARTED: Figure<StartTrial> = ({ startedMiB }) => startedMiB;
const LOADED: Figure<StartTrial> = ({ loadedMiB }) => loadedMiB;

function startColumns(result: StartResult): readonly Column[] {
  const { baseline, column } = COMPARISONS[result.subject.comparison];
  const valueOf = medians(result);
  const starts = (name: CandidateName) => roundsOf(result, name).map(({ startMs }) => startMs);
  const toBaseline = (figure: Figure<StartTrial>) => (name: CandidateName) =>
    times(quotient(valueOf(name, figure), valueOf(baseline, figure)));
  return [
    { title: 'start ms', cell: (name) => decimals(valueOf(name, START_MS), 0) },
    {
      title: 'min–max',
      cell: (name) => `${decimals(Math.min(...starts(name)), 0)}–${decimals(Math.max(...starts(name)), 0)}`,
    },
    { title: column, cell: toBaseline(START_MS) },
    { title: 'CPU ms', cell: (name) => decimals(valueOf(name, START_CPU), 0) },
    { title: `CPU ${column}`, cell: toBaseline(START_CPU) },
    { title: 'MiB after start', cell: (name) => decimals(valueOf(name, STARTED), 0) },
    { title: 'MiB after load', cell: (name) => decimals(valueOf(name, LOADED), 0) },
    { title: `MiB ${column}`, cell: toBaseline(LOADED) },
  ];
}

/** This server's figures divided by those of its rival. Below 1, this server needs less; of requests/s, above 1 is better. */
export interface Quotients {
  /** This server, or this server with its log. */
  readonly of: CandidateName;
  readonly by: CandidateName;
  readonly figures: readonly Quotient[];
}

interface Quotient {
  readonly figure: string;
  /** The median of one divided by the median of the other; undefined when this system does not report the figure. */
  readonly quotient: number | undefined;
  /** The quotients of the two trials in each round: the lowest and the highest. */
  readonly range: readonly [number, number] | undefined;
}

/** @returns none when the comparison has no rival, or the run left it out */
export function quotientsOf(result: CaseResult): readonly Quotients[] {
  const { baseline, rival } = COMPARISONS[result.subject.comparison];
  if (rival === undefined) return [];
  const hasRun = (name: CandidateName) =>
    result.measurements.some(({ candidate: { name: one } }) => one === name);
  const own: readonly CandidateName[] = [baseline, THIS_SERVER_LOGGING];
  return own
    .filter((name) => hasRun(name) && hasRun(rival))
    .map((name) => ({
      of: name,
      by: rival,
      figures:
        result.kind === 'load'
          ? [
              quotientOf('CPU per request', result, name, rival, CPU),
              quotientOf('requests/s', result, name, rival, RATE),
            ]
          : [
              quotientOf('start', result, name, rival, START_MS),
              quotientOf('CPU until then', result, name, rival, START_CPU),
              quotientOf('memory after start', result, name, rival, STARTED),
              quotientOf('memory after load', result, name, rival, LOADED),
            ],
    }));
}

function quotientOf<Round>(
  title: string,
  result: Result<Round>,
  one: CandidateName,
  other: CandidateName,
  figure: Figure<Round>,
): Quotient {
  const valueOf = medians(result);
  const divisors = roundsOf(result, other).map(figure);
  const byRound = roundsOf(result, one)
    .map((round, index) => quotient(figure(round), divisors[index]))
    .filter((value) => value !== undefined);
  return {
    figure: title,
    quotient: quotient(valueOf(one, figure), valueOf(other, figure)),
    range: byRound.length === 0 ? undefined : [Math.min(...byRound), Math.max(...byRound)],
  };
}

function noteOf({ of, by, figures }: Quotients): string {
  const texts = figures.map(({ figure, quotient: value, range }) => {
    const bounds = range && ` (${range.map((bound) => bound.toFixed(2)).join('–')})`;
    return `${figure} ${times(value)}${bounds ?? ''}`;
  });
  return `${candidate(of).title} ÷ ${candidate(by).title}: ${texts.join(', ')}`;
}

/** A report for JSON: every trial, its table, and the quotients as numbers. */
export function jsonReport({ environment, options, results }: Report): object {
  const { rounds, seconds, warmUp, connections } = options;
  return {
    environment,
    options: { rounds, seconds, warmUp, connections },
    results: results.map((result) => ({
      case: result.subject.name,
      comparison: result.subject.comparison,
      ...(result.kind === 'load'
        ? { connections: result.connections, responseBytes: result.responseBytes }
        : {}),
      measurements: result.measurements.map(({ candidate: { name }, trials }) => ({
        candidate: name,
        trials,
      })),
      table: tableOf(result),
      quotients: quotientsOf(result),
    })),
  };
}

/** The machine, the versions and the options of the run, one line each. */
export function environmentLines({ environment, options }: Omit<Report, 'results'>): readonly string[] {
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
      : ['no CPU times and no memory: only Linux reports those of another process in /proc']),
  ];
}

function titleOf(result: CaseResult): string {
  const { title, name } = result.subject;
  return `${title} (\`${name}\`${result.kind === 'load' ? `, ${sizeOf(result)}` : ''})`;
}

function sizeOf({ responseBytes }: LoadResult): string {
  return responseBytes < 1_000
    ? `${String(responseBytes)} bytes`
    : `${(responseBytes / 1_000).toFixed(1)} kB`;
}

interface Result<Round> {
  readonly measurements: readonly Measurement<Round>[];
}

function roundsOf<Round>({ measurements }: Result<Round>, name: CandidateName): readonly Round[] {
  return measurements.find(({ candidate: { name: one } }) => one === name)?.trials ?? [];
}

/** The median of a figure over a candidate's rounds; undefined when there is none. */
function medians<Round>(result: Result<Round>) {
  return (name: CandidateName, figure: Figure<Round>): number | undefined => {
    const values = roundsOf(result, name)
      .map(figure)
      .filter((value) => value !== undefined);
    return values.length === 0 ? undefined : median(values);
  };
}

function quotient(dividend: number | undefined, divisor: number | undefined): number | undefined {
  return dividend === undefined || divisor === undefined ? undefined : dividend / divisor;
}

/** What a cell shows when there is no figure. */
const NO_FIGURE = '–';

function perSecond(rate: number | undefined): string {
  return rate?.toLocaleString('en-US', { maximumFractionDigits: rate < 100 ? 1 : 0 }) ?? NO_FIGURE;
}

function times(value: number | undefined): string {
  return value === undefined ? NO_FIGURE : `×${value.toFixed(2)}`;
}

function decimals(value: number | undefined, count: number): string {
  return value?.toFixed(count) ?? NO_FIGURE;
}
