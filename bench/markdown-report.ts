import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { format, resolveConfig } from 'prettier';

import { PROJECT } from './project';
import { circumstancesOf, COLUMNS, rowsOf, titleOf, type Report } from './report';

const README = join(PROJECT, 'bench', 'README.md');
const BEGIN = '<!-- results:begin -->';
const END = '<!-- results:end -->';

/** A report as Markdown, formatted as the project formats its files. */
export function markdownReport(report: Report): Promise<string> {
  const circumstances = circumstancesOf(report).map((line) => `- ${line}`);
  const tables = report.results.map((result) => `### ${titleOf(result)}\n\n${table(rowsOf(result))}`);
  return formatted([circumstances.join('\n'), ...tables].join('\n\n'));
}

/** Puts a report in the place of the one that `bench/README.md` holds. */
export async function updateReadme(report: Report): Promise<void> {
  const readme = readFileSync(README, 'utf8');
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`bench/README.md has lost the lines ${BEGIN} and ${END}`);
  const markdown = await markdownReport(report);
  const updated = `${readme.slice(0, begin + BEGIN.length)}\n\n${markdown}\n${readme.slice(end)}`;
  writeFileSync(README, await formatted(updated));
}

function table(rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(COLUMNS),
    line(COLUMNS.map((_, column) => (column === 0 ? '---' : '--:'))),
    ...rows.map(line),
  ].join('\n');
}

async function formatted(markdown: string): Promise<string> {
  return format(markdown, { ...(await resolveConfig(README)), parser: 'markdown' });
}
