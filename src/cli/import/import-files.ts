import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

import type { AccountId, Region } from '../../proton/identifiers';
import { StoreOpenError } from '../../control-plane/sqlite/file/open-database';
import type { SqliteStore } from '../../control-plane/sqlite/sqlite-store';
import { ExitCode } from '../exit-code';
import { withStoreAtNeed } from '../open-store';
import { UsageError, type Surroundings } from '../command';
import { importFile, reportOfFailure, type FileReport } from './import-file';
import { createProgress, type Progress } from './progress';
import { rehearse } from '../rehearsal';
import { reportsAsJson, tellReports } from './report';

export interface ImportOptions {
  readonly dryRun?: boolean | undefined;
  readonly account?: AccountId | undefined;
  readonly region?: Region | undefined;
  readonly json?: boolean | undefined;
}

const CHUNK_BYTES = 256 * 1024;

/** `import`: takes files, one after the other; each as a whole or not at all. */
export async function importFiles(
  files: readonly string[],
  { dryRun = false, account, region, json }: ImportOptions,
  surroundings: Surroundings,
): Promise<ExitCode> {
  if (files.filter((file) => file === '-').length > 1) {
    throw new UsageError('Standard input, -, can be read once only.');
  }
  const progress = createProgress(surroundings);
  const work = async (store: () => SqliteStore): Promise<readonly FileReport[]> => {
    const reports: FileReport[] = [];
    for (const file of files) {
      const chunks = bytesOf(file, progress, surroundings);
      const parts = { imports: () => store().imports, deployment: { account, region }, chunks };
      reports.push(
        await importFile(file, parts).catch((error: unknown) => failureOf(file, error, surroundings)),
      );
    }
    return reports;
  };
  const reports = await (dryRun ? rehearse(surroundings.env, work) : withStoreAtNeed(surroundings.env, work));
  if (json) surroundings.stdout.write(reportsAsJson(reports, { dryRun }));
  else tellReports(reports, { dryRun }, surroundings);
  return reports.every(({ taken }) => taken) ? ExitCode.DONE : ExitCode.FAILED;
}

/** One file must not take the others with it, whatever it has brought down. */
function failureOf(file: string, error: unknown, { stderr }: Surroundings): FileReport {
  // Nothing that is wrong with the file itself: this store can take no other one either.
  if (error instanceof StoreOpenError) throw error;
  stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return reportOfFailure(file, "can't be taken, by a mistake of proton-subgraph, which is told above");
}

/** A file's bytes, read as they are asked for. What keeps it from being read is thrown then. */
async function* bytesOf(file: string, progress: Progress, { stdin }: Surroundings): AsyncGenerator<Buffer> {
  if (file === '-') {
    for await (const chunk of stdin) yield Buffer.from(chunk as Uint8Array | string);
    return;
  }
  const { size } = await stat(file);
  yield* progress.watch(file, size, createReadStream(file, { highWaterMark: CHUNK_BYTES }));
}
