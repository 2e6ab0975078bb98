import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { candidate, COMPARISONS } from './candidates';
import { CASES } from './cases';
import { HostError } from './host';
import { markdownReport, updateReadme } from './markdown-report';
import { measure, participates, type CaseResult } from './measure';
import { HELP, readOptions, UsageError, type Options } from './options';
import { createProgress, type Progress } from './progress';
import { PROJECT } from './project';
import { environmentLines, jsonReport, type Report } from './report';
import { ResponseMismatchError } from './responses';
import { smoke } from './smoke';
import { describeEnvironment } from './machine';
import { textOf } from './text-report';
import { TrialError } from './trial';
import { createWorkspace, type Workspace } from './workspace';

void main();

async function main(): Promise<void> {
  try {
    const options = readOptions(process.argv.slice(2));
    if (options === 'help') {
      console.log(HELP);
      return;
    }
    if (!existsSync(join(PROJECT, 'dist', 'main.js'))) {
      throw new UsageError('There is no build. Run `npm run bench`, which builds first.');
    }
    if (options.smoke) {
      const checked = await inWorkspace((workspace, { show }) => smoke(options, workspace, show));
      console.log(`All responses are as expected: ${String(checked)} checked, nothing measured.`);
      return;
    }
    await publish(await run(options), options);
  } catch (error) {
    fail(error);
  }
}

/** The packages whose speed the cases measure. */
function packagesOf({ cases, candidates }: Options): readonly string[] {
  return cases.flatMap((name) => [
    ...COMPARISONS[CASES[name].comparison].packages,
    ...candidates.filter((one) => participates(CASES[name], one)).flatMap((one) => candidate(one).packages),
  ]);
}

/** Runs the cases, and prints the result of each when it is there. */
async function run(options: Options): Promise<Report> {
  // Before the run itself adds load.
  const environment = describeEnvironment(packagesOf(options));
  const results: CaseResult[] = [];
  await inWorkspace((workspace, { show, print }) => {
    print(environmentLines({ environment, options }).join('\n'));
    return measure(options, workspace, show, (result) => {
      results.push(result);
      print(`\n${textOf(result)}`);
    });
  });
  return { environment, options, results };
}

/** Creates a workspace for `work`, and removes it afterwards. */
async function inWorkspace<Result>(
  work: (workspace: Workspace, progress: Progress) => Promise<Result>,
): Promise<Result> {
  const workspace = createWorkspace();
  const progress = createProgress(process.stderr);
  // An interrupted run must not leave processes and files behind.
  const stopEarly = () => {
    workspace.close();
    process.exit(130);
  };
  process.once('SIGINT', stopEarly);
  process.once('SIGTERM', stopEarly);
  try {
    return await work(workspace, progress);
  } finally {
    progress.clear();
    workspace.close();
    process.off('SIGINT', stopEarly);
    process.off('SIGTERM', stopEarly);
  }
}

async function publish(report: Report, { json, markdown, updateReadme: readme }: Options): Promise<void> {
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(jsonReport(report), undefined, 2)}\n`);
  if (markdown !== undefined) writeFileSync(markdown, await markdownReport(report));
  if (readme) await updateReadme(report);
}

/** Prints the message of an error that the user can fix, and the stack of an unexpected one. */
function fail(error: unknown): void {
  process.exitCode = 1;
  const expected = [HostError, ResponseMismatchError, TrialError].some((type) => error instanceof type);
  if (error instanceof UsageError) console.error(`${error.message}\nTry --help.`);
  else console.error(error instanceof Error && expected ? error.message : error);
}
