import type { CaseResult } from './measure';
import { tableOf } from './report';

/** A result as a table for a terminal. */
export function textOf(result: CaseResult): string {
  const { title, columns, rows, notes } = tableOf(result);
  const lines = [...aligned([columns, ...rows]), ...notes];
  return [title, ...lines.map((line) => `  ${line}`)].join('\n');
}

/** Aligns the first column left, and the figures right. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const [columns = []] = rows;
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  '),
  );
}
