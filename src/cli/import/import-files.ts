import { readDefaultRegion } from '../../config/config';
import type { AccountId, Region } from '../../proton/identifiers';
import { StoreOpenError } from '../../control-plane/sqlite/file/open-database';
import type { SqliteStore } from '../../control-plane/sqlite/sqlite-store';
import { type CommandContext, CommandError, ExitCode, UsageError } from '../command';
import { rehearse, withStoreAtNeed } from '../open-store';
import type { GivenParameters } from './cloudformation/parameters';
import { type FileReport, importFile, reportOfFailure } from './import-file';
import { checkGivenParameters, combinedParameters } from './given-parameters';
import { openInput } from './input-file';
import { createProgress } from './progress';
import { reportsAsJson, tellReports } from './report';

export interface ImportOptions {
  readonly dryRun?: boolean | undefined;
  readonly account?: AccountId | undefined;
  /** `AWS_REGION`, when it is left out. */
  readonly region?: Region | undefined;
  /** From the option `--parameter`. */
  readonly parameter?: GivenParameters | undefined;
  /** From the option `--parameters`: a file. */
  readonly parameters?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `import`: takes files, one after the other; each as a whole or not at all. */
export async function importFiles(
  files: readonly string[],
  { dryRun = false, account, region, parameter, parameters: parameterFile, json }: ImportOptions,
  context: CommandContext,
): Promise<ExitCode> {
  if (files.filter((file) => file === '-').length > 1) {
    throw new UsageError('Standard input, -, can be read once only.');
  }
  const parameters = await combinedParameters(parameter, parameterFile);
  const deployment = { account, region: region ?? readDefaultRegion(context.env), parameters };
  const progress = createProgress(context);
  const inputs = files.map((file) => openInput(file, progress, context));
  await checkGivenParameters(inputs, parameters);
  const work = async (store: () => Pick<SqliteStore, 'imports'>): Promise<readonly FileReport[]> => {
    const reports: FileReport[] = [];
    for (const { file, chunks } of inputs) {
      const parts = { imports: () => store().imports, deployment, chunks: chunks() };
      reports.push(await importFile(file, parts).catch((error: unknown) => failureOf(file, error, context)));
    }
    return reports;
  };
  const reports = await (dryRun ? rehearse(context.env, work) : withStoreAtNeed(context.env, work));
  if (json) context.stdout.write(reportsAsJson(reports, { dryRun }));
  else tellReports(reports, { dryRun }, context);
  return reports.every(({ taken }) => taken) ? ExitCode.DONE : ExitCode.FAILED;
}

/** One file must not take the others with it, whatever it has brought down. */
function failureOf(file: string, error: unknown, { stderr }: CommandContext): FileReport {
  // Not a fault of the file: every other file would meet it too.
  if (error instanceof StoreOpenError || error instanceof CommandError) throw error;
  stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return reportOfFailure(file, "can't be taken, by a mistake of proton-subgraph, which is told above");
}
