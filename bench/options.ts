import { parseArgs } from 'node:util';

import { z } from 'zod';

import { CANDIDATE_NAMES, CONTESTS, type CandidateName } from './candidates';
import { CASE_NAMES, type CaseName } from './cases';

export interface Options {
  readonly cases: readonly CaseName[];
  /** Always with those that the others are compared to. Each takes part in its contest's cases. */
  readonly candidates: readonly CandidateName[];
  readonly rounds: number;
  /** Of one trial. */
  readonly seconds: number;
  /** Of the load before a candidate's first trial, in seconds. */
  readonly warmUp: number;
  /** Requests that are under way at a time. */
  readonly connections: number;
  /** Where results go besides standard output; undefined for nowhere. */
  readonly json: string | undefined;
  readonly markdown: string | undefined;
  readonly updateReadme: boolean;
  /** Whether every case is only sent once and compared. */
  readonly smoke: boolean;
}

/** A command line that can't be followed. The message names every mistake. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const FULL = { rounds: 5, seconds: 4, warmUp: 2 };
const QUICK = { rounds: 2, seconds: 2, warmUp: 1 };

const SMOKE_OPTIONS = new Set(['cases', 'candidates']);

/** Whom the others are measured by. */
const MEASURES: readonly CandidateName[] = Object.values(CONTESTS).map(({ measure }) => measure);

export const HELP = `Measures this server side by side with others that serve the same schema over the same rows.

  npm run bench -- [options]

  --quick             ${String(QUICK.rounds)} rounds of ${String(QUICK.seconds)} s: shows that everything works; too short to quote
  --smoke             sends every case once to every candidate and compares the responses; measures nothing
  --cases NAMES       of ${CASE_NAMES.slice(0, 5).join(', ')},
                      ${CASE_NAMES.slice(5).join(', ')}; all by default
  --candidates NAMES  of ${CANDIDATE_NAMES.join(', ')};
                      all by default; ${MEASURES.join(' and ')} always take part
  --rounds N          trials of each candidate and case, whose median counts: ${String(FULL.rounds)}
  --seconds N         length of a trial: ${String(FULL.seconds)}
  --warm-up N         seconds of load before a candidate's first trial: ${String(FULL.warmUp)}
  --connections N     requests under way at a time: 16
  --json FILE         writes everything that was measured, every trial by itself
  --markdown FILE     writes the tables as Markdown
  --update-readme     puts the tables into bench/README.md
  --help              prints this

NAMES are separated by commas. The whole of it takes about 20 minutes: close what else is running.`;

/** Names of a list, in the order of that list, each once. */
const names = <Name extends string>(known: readonly Name[]) =>
  z.string().transform((text, context): readonly Name[] => {
    const given = new Set<string>(text.split(',').map((name) => name.trim()));
    const chosen = known.filter((name) => given.delete(name));
    if (given.size > 0) {
      context.addIssue({
        code: 'custom',
        message: `knows no ${[...given].join(', ')}, only ${known.join(', ')}`,
      });
    }
    return chosen;
  });

const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .refine((text) => /^\d{1,4}$/.test(text) && Number(text) >= least && Number(text) <= most, {
      error: `takes a whole number from ${String(least)} to ${String(most)}`,
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
 * @returns `'help'` when that is what was asked for
 * @throws UsageError
 */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { quick, smoke, help, 'update-readme': updateReadme, ...given } = parse(args);
  if (help) return 'help';
  if (quick && updateReadme)
    throw new UsageError('--quick is too short to be quoted: --update-readme wants a full run.');
  if (smoke && (quick || updateReadme || Object.keys(given).some((name) => !SMOKE_OPTIONS.has(name)))) {
    throw new UsageError('--smoke measures nothing: beside it there can be --cases and --candidates.');
  }
  const parsed = optionsSchema.safeParse(given);
  if (!parsed.success) {
    throw new UsageError(
      parsed.error.issues.map(({ path, message }) => `--${String(path[0])} ${message}.`).join('\n'),
    );
  }
  const { cases, candidates, connections, json, markdown, ...lengths } = parsed.data;
  const usual = quick ? QUICK : FULL;
  return {
    cases,
    candidates: CANDIDATE_NAMES.filter((name) => MEASURES.includes(name) || candidates.includes(name)),
    rounds: lengths.rounds ?? usual.rounds,
    seconds: lengths.seconds ?? usual.seconds,
    warmUp: lengths['warm-up'] ?? usual.warmUp,
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
