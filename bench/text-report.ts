import { environmentLines, columnsOf, notesOf, rowsOf, titleOf, type Report } from './report';

/** A report for a terminal. */
export function textReport(report: Report): string {
  const tables = report.results.map((result) =>
    [
      titleOf(result),
      table([columnsOf(result.subject.comparison), ...rowsOf(result)]),
      ...notesOf(result).map((note) => `  ${note}`),
    ].join('\n'),
  );
  return [environmentLines(report).join('\n'), ...tables].join('\n\n');
}

/** Aligns the first column left, and the figures right. */
function table(rows: readonly (readonly string[])[]): string {
  const [columns = []] = rows;
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return column === 0 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join('  '),
    )
    .map((line) => `  ${line}`)
    .join('\n');
}
