import { parseArgs } from 'node:util';

import { z } from 'zod';

import {
  CANDIDATE_NAMES,
  COMPARISON_NAMES,
  COMPARISONS,
  MERCURIUS,
  THIS_SERVER,
  type CandidateName,
  type ComparisonName,
} from './candidates';
import { CASE_NAMES, CASES, type CaseName } from './cases';

export interface Options {
  readonly cases: readonly CaseName[];
  /** Always contains the baselines. */
  readonly candidates: readonly CandidateName[];
  readonly rounds: number;
  /** The length of a trial. */
  readonly seconds: number;
  /** Seconds of load before a candidate's first trial. */
  readonly warmUp: number;
  /** Requests in flight at a time. */
  readonly connections: number;
  /** A file for the results; undefined for none. */
  readonly json: string | undefined;
  readonly markdown: string | undefined;
  readonly updateReadme: boolean;
  /** Whether to send the first requests of every case and check the responses, without measuring. */
  readonly smoke: boolean;
}

/** The command line is invalid. The message names all errors. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const FULL = { rounds: 5, seconds: 4, warmUp: 2 };
const QUICK = { rounds: 2, seconds: 1, warmUp: 1 };

const SMOKE_OPTIONS = new Set(['cases', 'candidates']);

/** The candidates that the others are compared with. */
const BASELINES: readonly CandidateName[] = Object.values(COMPARISONS).map(({ baseline }) => baseline);

/** What the comparisons compare, for the help. */
const HEADINGS: Readonly<Record<ComparisonName, string>> = {
  servers: 'servers, with the same service and store',
  gateways: 'the same behind Hive Gateway, in a federated query',
  starts: 'the start of a process, and its memory',
  adapters: 'the control plane in this process, and the SDK adapter',
  postgres: 'SQLite and PostgreSQL, one server and two',
};

function casesAndCandidates(): string {
  return COMPARISON_NAMES.map((name) =>
    [
      `  ${HEADINGS[name]}`,
      `    cases       ${inLines(CASE_NAMES.filter((each) => CASES[each].comparison === name))}`,
      `    candidates  ${inLines(COMPARISONS[name].candidates)}`,
    ].join('\n'),
  ).join('\n\n');
}

/** Names in lines of at most four. */
function inLines(names: readonly string[]): string {
  const lines = [];
  for (let start = 0; start < names.length; start += 4) lines.push(names.slice(start, start + 4).join(', '));
  return lines.join(`,\n${' '.repeat(16)}`);
}

export const HELP = `Measures this server side by side with others that serve the same schema over the same rows: CPU per request, requests per second
and latencies; at the start of a process, its time and memory.

  npm run bench -- [options]

  --quick             ${String(QUICK.rounds)} rounds of ${String(QUICK.seconds)} s, about 10 minutes: shows that everything works; too short to quote
  --smoke             sends the first requests of every case to every candidate and checks the responses; measures nothing
  --cases NAMES       all by default
  --candidates NAMES  all by default; ${[...new Set(BASELINES)].join(' and ')} are always included
  --rounds N          trials of each candidate and case; the result is their median: ${String(FULL.rounds)}
  --seconds N         length of a trial: ${String(FULL.seconds)}
  --warm-up N         seconds of load before a candidate's first trial: ${String(FULL.warmUp)}
  --connections N     requests in flight at a time: 16
  --json FILE         writes all results, trial by trial, as JSON
  --markdown FILE     writes the tables as Markdown
  --update-readme     replaces the tables in bench/README.md
  --help              prints this help

NAMES are separated by commas. A full run takes about 45 minutes. Close all other programs. The names, by what is compared:

${casesAndCandidates()}

To see the effect of a change on the CPU time, for example:

  npm run bench -- --cases entity,list-100 --candidates ${THIS_SERVER},${MERCURIUS} --rounds 5 --seconds 2`;

/** Parses a list of names: each once, in the order of `known`. */
const names = <Name extends string>(known: readonly Name[]) =>
  z.string().transform((text, context): readonly Name[] => {
    const given = new Set<string>(text.split(',').map((name) => name.trim()));
    const chosen = known.filter((name) => given.delete(name));
    if (given.size > 0) {
      context.addIssue({
        code: 'custom',
        message: `has unknown names: ${[...given].join(', ')}. Use ${known.join(', ')}`,
      });
    }
    return chosen;
  });

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .refine((text) => /^\d{1,4}$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `must be a whole number from ${String(min)} to ${String(max)}`,
    })
    .transform(Number);

const optionsSchema = z.object({
  cases: names(CASE_NAMES).default(CASE_NAMES),
  candidates: names(CANDIDATE_NAMES).default(CANDIDATE_NAMES),
  rounds: wholeNumber(1, 1000).optional(),
  seconds: wholeNumber(1, 3600).optional(),
  'warm-up': wholeNumber(0, 3600).optional(),
  connections: wholeNumber(1, 1000).default(16),
  json: z.string().optional(),
  markdown: z.string().optional(),
});

/**
 * Reads the command line.
 * @returns `'help'` for `--help`
 * @throws UsageError
 */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { quick, smoke, help, 'update-readme': updateReadme, ...given } = parse(args);
  if (help) return 'help';
  if (quick && updateReadme)
    throw new UsageError('--quick is too short for published results: --update-readme needs a full run.');
  if (smoke && (quick || updateReadme || Object.keys(given).some((name) => !SMOKE_OPTIONS.has(name)))) {
    throw new UsageError('--smoke measures nothing: it allows only --cases and --candidates.');
  }
  const parsed = optionsSchema.safeParse(given);
  if (!parsed.success) {
    throw new UsageError(
      parsed.error.issues.map(({ path, message }) => `--${String(path[0])} ${message}.`).join('\n'),
    );
  }
  const { cases, candidates, connections, json, markdown, ...lengths } = parsed.data;
  const defaults = quick ? QUICK : FULL;
  return {
    cases,
    candidates: CANDIDATE_NAMES.filter((name) => BASELINES.includes(name) || candidates.includes(name)),
    rounds: lengths.rounds ?? defaults.rounds,
    seconds: lengths.seconds ?? defaults.seconds,
    warmUp: lengths['warm-up'] ?? defaults.warmUp,
    connections,
    json,
    markdown,
    updateReadme,
    smoke,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean', default: false },
        smoke: { type: 'boolean', default: false },
        cases: { type: 'string' },
        candidates: { type: 'string' },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        'warm-up': { type: 'string' },
        connections: { type: 'string' },
        json: { type: 'string' },
        markdown: { type: 'string' },
        'update-readme': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
