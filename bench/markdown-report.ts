import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { format, resolveConfig } from 'prettier';

import { PROJECT } from './project';
import { CONTEST_NAMES, type ContestName } from './candidates';
import type { CaseResult } from './measure';
import { environmentLines, columnsOf, rowsOf, titleOf, type Report } from './report';

const README = join(PROJECT, 'bench', 'README.md');
const begin = (contest: ContestName) => `<!-- ${contest}:begin -->`;
const end = (contest: ContestName) => `<!-- ${contest}:end -->`;

/** A report as Markdown, formatted as the project formats its files. */
export function markdownReport(report: Report): Promise<string> {
  const circumstances = environmentLines(report).map((line) => `- ${line}`);
  const tables = report.results.map((result) => `### ${titleOf(result)}\n\n${table(result)}`);
  return formatted([circumstances.join('\n'), ...tables].join('\n\n'));
}

/** Puts a report in the place of what `bench/README.md` holds of the same contests; another's results stay. */
export async function updateReadme(report: Report): Promise<void> {
  let readme = readFileSync(README, 'utf8');
  for (const contest of CONTEST_NAMES) {
    const results = report.results.filter(({ subject }) => subject.contest === contest);
    if (results.length > 0)
      readme = withResults(readme, contest, await markdownReport({ ...report, results }));
  }
  writeFileSync(README, await formatted(readme));
}

function withResults(readme: string, contest: ContestName, markdown: string): string {
  const from = readme.indexOf(begin(contest));
  const to = readme.indexOf(end(contest));
  if (from === -1 || to < from) {
    throw new Error(`bench/README.md has lost the lines ${begin(contest)} and ${end(contest)}`);
  }
  return `${readme.slice(0, from + begin(contest).length)}\n\n${markdown}\n${readme.slice(to)}`;
}

function table(result: CaseResult): string {
  const columns = columnsOf(result.subject.contest);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(columns),
    line(columns.map((_, column) => (column === 0 ? '---' : '--:'))),
    ...rowsOf(result).map(line),
  ].join('\n');
}

async function formatted(markdown: string): Promise<string> {
  return format(markdown, { ...(await resolveConfig(README)), parser: 'markdown' });
}
