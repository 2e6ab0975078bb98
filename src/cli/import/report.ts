import type { ImportRefusal } from '../../control-plane/import/import-store';
import { paintFor, printable, table } from '../terminal';
import type { CommandContext } from '../command';
import type { FileReport } from './file-report';

/** Prints problems and notes to standard error, and a summary to standard output. */
export function printReports(
  reports: readonly FileReport[],
  { dryRun }: { readonly dryRun: boolean },
  context: CommandContext,
): void {
  const { stdout, stderr } = context;
  const paint = paintFor(stderr, context);
  for (const report of reports) {
    for (const note of report.notes) {
      stderr.write(`${paint('yellow', 'note')}: ${printable(`${report.file} ${note}`)}\n`);
    }
    for (const line of problemLines(report)) stderr.write(`${paint('red', 'refused')}: ${printable(line)}\n`);
  }
  const rows = reports.map((report) => [
    printable(report.file),
    resultOf(report, dryRun),
    ...numbersOf(report),
  ]);
  if (reports.length > 1) rows.push(['total', '', ...totals(reports)]);
  const align = 'right';
  stdout.write(
    table(
      [
        { title: 'FILE' },
        { title: 'RESULT' },
        ...['READ', 'NEW', 'COMPLETED', 'UNCHANGED', 'REFUSED'].map((title) => ({ title, align }) as const),
      ],
      rows,
    ),
  );
  if (dryRun) stdout.write('This was a dry run: the store is unchanged.\n');
}

/** All reports as one JSON document. */
export function reportsAsJson(
  reports: readonly FileReport[],
  { dryRun }: { readonly dryRun: boolean },
): string {
  const files = reports.map((report) => ({
    file: report.file,
    result: report.taken ? 'taken' : 'refused',
    read: report.read,
    new: report.counts.new,
    completed: report.counts.completed,
    unchanged: report.counts.unchanged,
    refused: report.refused,
    notes: report.notes,
    problems: report.problems,
    moreProblems: report.moreProblems,
    refusals: report.refusals.map(({ location, id, reasons }) => ({ ...location, id, reasons })),
    moreRefusals: report.refused - report.refusals.length,
  }));
  return `${JSON.stringify({ dryRun, files }, null, 2)}\n`;
}

function problemLines({ file, problems, moreProblems, refusals, refused }: FileReport): readonly string[] {
  return [
    ...problems.map((problem) => `${file} ${problem}`),
    ...andMore(file, moreProblems, 'problems'),
    ...refusals.flatMap((refusal) =>
      refusal.reasons.map((reason) => `${file}, ${nameOf(refusal)}: ${reason}`),
    ),
    ...andMore(file, refused - refusals.length, 'records'),
  ];
}

function andMore(file: string, count: number, what: string): readonly string[] {
  return count > 0 ? [`${file}: … and ${String(count)} more ${what}`] : [];
}

/** "OrdersConnection in line 12", "record 17 (8f0e…)" */
function nameOf({ location: { record, logicalId, line }, id }: ImportRefusal): string {
  if (logicalId !== undefined) return line === undefined ? logicalId : `${logicalId} in line ${String(line)}`;
  return `record ${String(record)}${id === undefined ? '' : ` (${id})`}`;
}

function resultOf({ taken }: FileReport, dryRun: boolean): string {
  if (!taken) return 'refused';
  return dryRun ? 'would be taken' : 'taken';
}

function valuesOf({ read, counts, refused }: FileReport): readonly number[] {
  return [read, counts.new, counts.completed, counts.unchanged, refused];
}

function numbersOf(report: FileReport): readonly string[] {
  return valuesOf(report).map(String);
}

function totals(reports: readonly FileReport[]): readonly string[] {
  const columns = reports.map(valuesOf);
  return (columns[0] ?? []).map((_, index) =>
    String(columns.reduce((sum, row) => sum + (row[index] ?? 0), 0)),
  );
}
