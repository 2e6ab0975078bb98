import { readDefaultRegion } from '../../config/config';
import { StoreOpenError } from '../../control-plane/store-errors';
import type { Store } from '../../control-plane/store';
import type { AccountId, Region } from '../../proton/identifiers';
import { CommandError, ExitCode, UsageError, type CommandContext } from '../command';
import { withStoreCopy } from '../dry-run-store';
import { withStoreOnDemand } from '../open-store';
import type { GivenParameters } from './cloudformation/parameters';
import { reportOfFailure, type FileReport } from './file-report';
import { checkGivenParameters, combinedParameters } from './given-parameters';
import { importFile } from './import-file';
import { openInput } from './input-file';
import { createProgress } from '../progress-bar';
import { printReports, reportsAsJson } from './report';

export interface ImportOptions {
  readonly dryRun?: boolean | undefined;
  readonly account?: AccountId | undefined;
  /** `AWS_REGION` by default. */
  readonly region?: Region | undefined;
  /** From the option `--parameter`. */
  readonly parameter?: GivenParameters | undefined;
  /** From the option `--parameters`: a file. */
  readonly parameters?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `import`: imports files one after the other. Each file is imported as a whole or not at all. */
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
  const importAll = async (store: () => Promise<Pick<Store, 'imports'>>): Promise<readonly FileReport[]> => {
    const reports: FileReport[] = [];
    for (const { file, chunks } of inputs) {
      const options = { imports: async () => (await store()).imports, deployment, chunks: chunks() };
      reports.push(
        await importFile(file, options).catch((error: unknown) => reportUnexpected(file, error, context)),
      );
    }
    return reports;
  };
  const reports = await (dryRun ? withStoreCopy : withStoreOnDemand)(context.env, importAll);
  if (json) context.stdout.write(reportsAsJson(reports, { dryRun }));
  else printReports(reports, { dryRun }, context);
  return reports.every(({ taken }) => taken) ? ExitCode.DONE : ExitCode.FAILED;
}

/** An unexpected error in one file does not stop the import of the others. */
function reportUnexpected(file: string, error: unknown, { stderr }: CommandContext): FileReport {
  // These errors come from the store or the options, so every other file would fail with them too.
  if (error instanceof StoreOpenError || error instanceof CommandError) throw error;
  stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return reportOfFailure(file, "can't be imported because of a bug in proton-subgraph; see the error above");
}
