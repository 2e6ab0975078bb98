import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { PROJECT } from './project';
import { COMPARISON_NAMES, type ComparisonName } from './candidates';
import { environmentLines, tableOf, type Report, type Table } from './report';

const README = join(PROJECT, 'bench', 'README.md');
const begin = (comparison: ComparisonName) => `<!-- ${comparison}:begin -->`;
const end = (comparison: ComparisonName) => `<!-- ${comparison}:end -->`;

/** A report as Markdown, formatted as the project formats its files. */
export function markdownReport(report: Report): Promise<string> {
  const environment = environmentLines(report).map((line) => `- ${line}`);
  const tables = report.results.map((result) => markdownOf(tableOf(result)));
  return formatted([environment.join('\n'), ...tables].join('\n\n'));
}

/** Replaces the results in `bench/README.md`, for each comparison that the report contains. */
export async function updateReadme(report: Report): Promise<void> {
  let readme = readFileSync(README, 'utf8');
  for (const comparison of COMPARISON_NAMES) {
    const results = report.results.filter(({ subject }) => subject.comparison === comparison);
    if (results.length > 0)
      readme = withResults(readme, comparison, await markdownReport({ ...report, results }));
  }
  writeFileSync(README, await formatted(readme));
}

function withResults(readme: string, comparison: ComparisonName, markdown: string): string {
  const from = readme.indexOf(begin(comparison));
  const to = readme.indexOf(end(comparison));
  if (from === -1 || to < from) {
    throw new Error(
      `bench/README.md must contain the lines ${begin(comparison)} and ${end(comparison)}, in this order`,
    );
  }
  return `${readme.slice(0, from + begin(comparison).length)}\n\n${markdown}\n${readme.slice(to)}`;
}

function markdownOf({ title, columns, rows, notes }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const table = [
    line(columns),
    line(columns.map((_, column) => (column === 0 ? '---' : '--:'))),
    ...rows.map(line),
  ].join('\n');
  const list = notes.map((note) => `- ${note}`).join('\n');
  return [`### ${title}`, table, ...(notes.length === 0 ? [] : [list])].join('\n\n');
}

/** Formats as the project does. Loads prettier only here, because most runs do not need it. */
async function formatted(markdown: string): Promise<string> {
  const { format, resolveConfig } = await import('prettier');
  return format(markdown, { ...(await resolveConfig(README)), parser: 'markdown' });
}
