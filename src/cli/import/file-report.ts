import {
  type ImportCounts,
  type ImportOutcome,
  type ImportRefusal,
  Refusals,
} from '../../control-plane/import/import-store';
import type { RecordCollector } from './record-collector';

/** The result of importing one file. */
export interface FileReport {
  readonly file: string;
  /** Whether its connections are in the store now; in a dry run: whether they would be. */
  readonly taken: boolean;
  /** Connections and declarations in the file. */
  readonly read: number;
  /** Changes to the store; all zero when the file was refused. */
  readonly counts: ImportCounts;
  /** Records that can't be imported. */
  readonly refused: number;
  /** What is wrong with the file as a whole, each as a phrase that follows its name. */
  readonly problems: readonly string[];
  /** Problems that are counted but not listed. */
  readonly moreProblems: number;
  /** What is wrong with its records, for the first of them. */
  readonly refusals: readonly ImportRefusal[];
  /** Information for the user, each as a phrase that follows the file's name. */
  readonly notes: readonly string[];
}

const NO_CHANGES: ImportCounts = { new: 0, completed: 0, unchanged: 0 };

/** @param outcome undefined when no record was valid, so that nothing was compared with the store */
export function reportOf(
  file: string,
  collector: RecordCollector,
  outcome: ImportOutcome | undefined,
): FileReport {
  const refusals = new Refusals();
  refusals.addAll(collector.refusals);
  outcome?.refusals.forEach((refusal) => {
    refusals.add(refusal);
  });
  const taken = outcome?.written ?? false;
  return {
    file,
    taken,
    read: collector.count(),
    counts: taken && outcome ? outcome.counts : NO_CHANGES,
    refused: collector.refusals.count + (outcome?.refused ?? 0),
    problems: collector.problems,
    moreProblems: collector.moreProblems(),
    refusals: refusals.first,
    notes: collector.notes,
  };
}

/** The report on a file whose import failed with an unexpected error. */
export function reportOfFailure(file: string, problem: string): FileReport {
  return {
    file,
    taken: false,
    read: 0,
    counts: NO_CHANGES,
    refused: 0,
    problems: [problem],
    moreProblems: 0,
    refusals: [],
    notes: [],
  };
}
