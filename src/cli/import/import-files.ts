import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

import type { AccountId, Region } from '../../proton/identifiers';
import type { SqliteStore } from '../../proton/embedded/sqlite/sqlite-store';
import { ExitCode } from '../exit-code';
import { withStore } from '../open-store';
import { UsageError, type Surroundings } from '../surroundings';
import { importFile, type FileReport } from './import-file';
import { createProgress, type Progress } from './progress';
import { rehearse } from './rehearsal';
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
  const work = async ({ imports }: SqliteStore): Promise<readonly FileReport[]> => {
    const reports: FileReport[] = [];
    for (const file of files) {
      const chunks = bytesOf(file, progress, surroundings);
      reports.push(await importFile(file, { imports, deployment: { account, region }, chunks }));
    }
    return reports;
  };
  const reports = await (dryRun
    ? rehearse(surroundings.env, work)
    : withStore(surroundings.env, 'create', work));
  if (json) surroundings.stdout.write(reportsAsJson(reports, { dryRun }));
  else tellReports(reports, { dryRun }, surroundings);
  return reports.every(({ taken }) => taken) ? ExitCode.DONE : ExitCode.FAILED;
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
