import type { ConnectionImport, ImportStore } from '../../control-plane/import/import-store';
import { codeOf } from '../../control-plane/sqlite/errors';
import { ProtonFailure } from '../../proton/failure';
import { explainFileError } from '../files';
import type { Deployment } from './cloudformation/parameters';
import { reportOf, type FileReport } from './file-report';
import { UnreadableError } from './formats/documents';
import { readDocuments } from './formats/read-documents';
import { createRecordCollector } from './record-collector';

export interface FileImportOptions {
  /** Called only when the file has something to import or to compare. It may create the store. */
  readonly imports: () => Promise<ImportStore>;
  readonly deployment: Deployment;
  /** The file's bytes; fails with the error of the file system. */
  readonly chunks: AsyncIterable<Buffer>;
}

/** Imports one file, all of it or nothing. The report contains everything that is wrong with the file. */
export async function importFile(file: string, options: FileImportOptions): Promise<FileReport> {
  let connectionImport: ConnectionImport | undefined;
  try {
    return await importRecords(
      file,
      options,
      async () => (connectionImport ??= await (await options.imports()).begin()),
    );
  } finally {
    await connectionImport?.close();
  }
}

async function importRecords(
  file: string,
  { chunks, deployment }: FileImportOptions,
  connectionImport: () => Promise<ConnectionImport>,
): Promise<FileReport> {
  const collector = createRecordCollector(deployment);
  let added = 0;
  try {
    for await (const items of readDocuments(chunks)) {
      const records = collector.parse(items);
      added += records.length;
      if (records.length > 0) await (await connectionImport()).add(records);
    }
    collector.finish();
  } catch (error) {
    collector.addProblem(problemPhrase(error));
  }
  const failed = collector.problems.length > 0 || collector.refusals.count > 0;
  // Even when the file is refused, compare its valid records with the store, so that the report is complete.
  const outcome =
    failed && added === 0
      ? undefined
      : await connectionImport()
          .then((staged) => staged.settle(failed ? 'compare' : 'write'))
          .catch((error: unknown) => {
            collector.addProblem(problemPhrase(error));
            return undefined;
          });
  return reportOf(file, collector, outcome);
}

/** What is wrong with a file, as a phrase that follows its name. @throws an error that neither the file nor the store caused */
export function problemPhrase(error: unknown): string {
  if (error instanceof UnreadableError) return error.message;
  if (error instanceof ProtonFailure) return `was not imported: ${error.message}`;
  if (codeOf(error).startsWith('E')) return `can't be read: ${explainFileError(error)}`;
  throw error;
}
