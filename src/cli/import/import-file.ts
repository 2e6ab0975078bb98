import type {
  ConnectionImport,
  ImportCounts,
  ImportOutcome,
  ImportRecord,
  ImportRefusal,
  ImportStore,
} from '../../control-plane/import/import-store';
import { Refusals } from '../../control-plane/import/refusals';
import { ProtonFailure } from '../../proton/failure';
import { codeOf, explainFileError } from '../files';
import { type Finding, UnreadableError } from './formats/documents';
import { readFindings } from './formats/read-documents';
import { parseRecord } from './record';
import type { Deployment } from './cloudformation/parameters';
import { wishesIn } from './cloudformation/template';

/** What became of one file. */
export interface FileReport {
  readonly file: string;
  /** Whether its connections are in the store now; in a dry run: whether they would be. */
  readonly taken: boolean;
  /** Connections and declarations that it holds. */
  readonly read: number;
  /** What was done; nothing, where the file was refused. */
  readonly counts: ImportCounts;
  /** Records that can't be taken. */
  readonly refused: number;
  /** What is wrong with the file as a whole, each as a phrase that follows its name. */
  readonly problems: readonly string[];
  /** How many more problems of that kind there are. */
  readonly moreProblems: number;
  /** What is wrong with its records, for the first of them. */
  readonly refusals: readonly ImportRefusal[];
  /** What whoever runs the import should know. */
  readonly notes: readonly string[];
}

export interface FileImportParts {
  /** Called once there is something to take, or to judge. */
  readonly imports: () => ImportStore;
  readonly deployment: Deployment;
  /** The file's bytes; fails with the error of the file system. */
  readonly chunks: AsyncIterable<Buffer>;
}

/** Problems of a file as a whole that are told. The rest are counted. */
const MOST_PROBLEMS = 100;

/** Imports one file, all of it or nothing. Whatever is wrong with it is told in the report. */
export async function importFile(file: string, parts: FileImportParts): Promise<FileReport> {
  let importing: ConnectionImport | undefined;
  try {
    return await takeFile(file, parts, () => (importing ??= parts.imports().begin()));
  } finally {
    importing?.close();
  }
}

async function takeFile(
  file: string,
  { chunks, deployment }: FileImportParts,
  importing: () => ConnectionImport,
): Promise<FileReport> {
  const reading = createReading(deployment);
  let gathered = 0;
  try {
    for await (const findings of readFindings(chunks)) {
      const records = reading.take(findings);
      gathered += records.length;
      if (records.length > 0) await importing().add(records);
    }
    reading.finish();
  } catch (error) {
    reading.problem(problemPhrase(error));
  }
  const failed = reading.problems.length > 0 || reading.refusals.count > 0;
  const settled =
    failed && gathered === 0
      ? undefined
      : await importing()
          .settle(failed ? 'judge' : 'write')
          .catch((error: unknown) => {
            reading.problem(problemPhrase(error));
            return undefined;
          });
  return reportOf(file, reading, settled);
}

function reportOf(file: string, reading: Reading, settled: ImportOutcome | undefined): FileReport {
  const refusals = new Refusals();
  refusals.addAll(reading.refusals);
  settled?.refusals.forEach((refusal) => {
    refusals.add(refusal);
  });
  const taken = settled?.written ?? false;
  return {
    file,
    taken,
    read: reading.count(),
    counts: taken && settled ? settled.counts : NOTHING,
    refused: reading.refusals.count + (settled?.refused ?? 0),
    problems: reading.problems,
    moreProblems: reading.moreProblems(),
    refusals: refusals.first,
    notes: reading.notes,
  };
}

/** What is told of a file that brought down its own import, which is a mistake of ours. */
export function reportOfFailure(file: string, problem: string): FileReport {
  return {
    file,
    taken: false,
    read: 0,
    counts: NOTHING,
    refused: 0,
    problems: [problem],
    moreProblems: 0,
    refusals: [],
    notes: [],
  };
}

const NOTHING: ImportCounts = { new: 0, completed: 0, unchanged: 0 };

/** What is wrong with a file, as a phrase that follows its name. @throws the error, when it is not a fault of the file or the store */
export function problemPhrase(error: unknown): string {
  if (error instanceof UnreadableError) return error.message;
  if (error instanceof ProtonFailure) return `is not taken: ${error.message}`;
  if (codeOf(error)?.startsWith('E')) return `can't be read: ${explainFileError(error)}`;
  throw error;
}

type Reading = ReturnType<typeof createReading>;

/** Makes records of findings, numbers them, and gathers what is wrong with them. */
function createReading(deployment: Deployment) {
  const refusals = new Refusals();
  const problems: string[] = [];
  let moreProblems = 0;
  const notes: string[] = [];
  const kinds = new Set<ImportRecord['kind']>();
  let count = 0;

  function problem(phrase: string): void {
    if (problems.length < MOST_PROBLEMS) problems.push(phrase);
    else moreProblems += 1;
  }

  function note(text: string): void {
    if (!notes.includes(text)) notes.push(text);
  }

  function recordsOf(finding: Finding): readonly ImportRecord[] {
    switch (finding.kind) {
      case 'problem':
        problem(finding.reason);
        return [];
      case 'note':
        note(finding.text);
        return [];
      case 'record': {
        kinds.add('fact');
        const place = { record: (count += 1) };
        const parsed = parseRecord(finding.value, finding.source);
        if ('fact' in parsed) return [{ kind: 'fact', place, fact: parsed.fact }];
        refusals.add({ place, ...parsed });
        return [];
      }
      case 'template': {
        kinds.add('wish');
        const found = wishesIn(finding.template, deployment);
        found.problems.forEach(problem);
        found.notes.forEach(note);
        return found.wishes.flatMap(({ logicalId, line, wish }): readonly ImportRecord[] => {
          const place = { record: (count += 1), logicalId, line };
          if (!('reasons' in wish)) return [{ kind: 'wish', place, wish }];
          refusals.add({ place, reasons: wish.reasons });
          return [];
        });
      }
    }
  }

  return {
    problem,
    problems,
    moreProblems: () => moreProblems,
    notes,
    refusals,
    count: () => count,
    take: (findings: readonly Finding[]) => findings.flatMap(recordsOf),
    finish() {
      if (kinds.size > 1) problem('holds connections and templates; import them as files of their own');
    },
  };
}
