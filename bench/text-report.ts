import { environmentLines, tableOf, type Report, type Table } from './report';

/** A report for a terminal. */
export function textReport(report: Report): string {
  return [
    environmentLines(report).join('\n'),
    ...report.results.map((result) => textOf(tableOf(result))),
  ].join('\n\n');
}

function textOf({ title, columns, rows, notes }: Table): string {
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
