import type { Command } from 'commander';

import { ConfigError, readStoreConfig } from '../config/config';
import type { PostgresStoreConfig } from '../config/store';
import {
  COPY_TABLES,
  type CopyRow,
  type CopySource,
  type CopyTableName,
  type CopyTarget,
  summaryOf,
  type TableSummary,
} from '../control-plane/copy/tables';
import { openCopyTarget } from '../control-plane/postgres/copy/copy-target';
import { explainStartError } from '../control-plane/postgres/start-errors';
import { openCopySource } from '../control-plane/sqlite/copy/copy-source';
import { CommandError, ExitCode, type CommandContext, type OutputStream } from './command';
import { refuseMissingFile } from './open-store';
import { progressBar } from './progress-bar';
import { printable, table } from './terminal';

interface CopyOptions {
  readonly from: string;
  readonly to: string;
  readonly json?: boolean;
}

export function addCopy(program: Command, context: CommandContext, end: (code: ExitCode) => void): void {
  program
    .command('copy')
    .description('copy a store from a SQLite file into an empty PostgreSQL database; stop the server first')
    .requiredOption('--from <url>', 'sqlite:PATH; the file is only read')
    .requiredOption('--to <url>', 'postgres://USER:PASSWORD@HOST/DATABASE; the schema is created')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Copies connections, their history, client tokens, access keys, destinations of events and the
events that still wait. Then both stores are read completely, and counts and checksums are
compared. Nothing is announced as new, and cursors of pages stay valid. A database with rows
that this copy did not bring is refused and not changed.

A copy that was interrupted goes on when the same command runs again; if the file has changed
since, it begins again. A copy that is finished is never overwritten. The password can be in the
variable PGPASSWORD instead of the URL; the variables for TLS are those of the server
(DATABASE_TLS_CA_FILE).

Example:
  PGPASSWORD=… proton-subgraph copy --from sqlite:./data/proton.db \\
    --to postgres://proton@db.example.com/proton?sslmode=verify-full`,
    )
    .action(async (options: CopyOptions) => {
      end(await copy(options, context));
    });
}

/** `copy` */
async function copy(
  { from, to, json }: CopyOptions,
  { env, stdout, stderr }: CommandContext,
): Promise<ExitCode> {
  const file = sourceOf(from);
  const database = targetOf(to, env);
  refuseMissingFile(file);
  const source = openCopySource(file);
  let target: CopyTarget | undefined;
  try {
    target = await openCopyTarget(database);
    const began = await target.begin(source.fingerprint);
    if (began !== 'new') stderr.write(`${BEGINNINGS[began]}\n`);
    await copyRows(source, target, stderr);
    const summaries = await compare(source, target, stderr);
    refuseChangedSource(file, source.fingerprint);
    await target.finish();
    if (json) stdout.write(`${JSON.stringify({ tables: summaries }, null, 2)}\n`);
    else stdout.write(summaryTable(summaries));
    const notQueued = source.notQueued();
    if (notQueued > 0) stderr.write(notQueuedWarning(notQueued));
    return ExitCode.DONE;
  } catch (error) {
    const sentence = explainStartError(error, database.connection);
    throw sentence === undefined
      ? error
      : new CommandError(`${sentence} The same command then goes on where this one ended.`);
  } finally {
    source.close();
    await target?.close();
  }
}

function notQueuedWarning(count: number): string {
  return (
    `Warning: destinations of events get nothing of ${String(count)} changes, which no server has queued for them. If they are still configured, ` +
    'start a server on the file and stop it, then copy into an empty database. `proton-subgraph events list` lists them.\n'
  );
}

const BEGINNINGS = {
  resumed: 'Going on with a copy that was interrupted.',
  restarted: 'The file has changed since a copy was interrupted, so it begins again.',
  verified: 'The copy is finished already. Both stores are only compared again.',
};

/** Reads the URL of an option as DATABASE_URL is read, so that messages are the same but for the name. */
function storeAt(option: string, url: string, env: CommandContext['env']) {
  try {
    return readStoreConfig({ ...env, PROTON_UPSTREAM: undefined, DATABASE_URL: url });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CommandError(
      error.mistakes.map((mistake) => mistake.replace('DATABASE_URL', option)).join('\n'),
    );
  }
}

function sourceOf(url: string): string {
  const store = storeAt('--from', url, {});
  if (store?.kind === 'sqlite' && store.location !== ':memory:') return store.location;
  throw new CommandError('--from must be sqlite:PATH, the file that is copied.');
}

function targetOf(url: string, env: CommandContext['env']): PostgresStoreConfig {
  const store = storeAt('--to', url, env);
  if (store?.kind === 'postgres') return store;
  throw new CommandError('--to must be a PostgreSQL database: postgres://USER:PASSWORD@HOST/DATABASE.');
}

/** Rows that are written in one transaction. */
const BATCH = 5_000;

async function copyRows(source: CopySource, target: CopyTarget, stderr: OutputStream): Promise<void> {
  const total = COPY_TABLES.reduce((sum, { name }) => sum + source.count(name), 0);
  const progress = rowProgress(stderr, total);
  try {
    for (const { name } of COPY_TABLES) {
      const { copied, after } = target.progress(name);
      progress.add(copied, `copying ${name}`);
      for (const rows of batchesOf(source.rows(name, after))) {
        await target.add(name, rows);
        progress.add(rows.length);
      }
    }
  } finally {
    progress.stop();
  }
}

function* batchesOf(rows: Iterable<CopyRow>): Generator<readonly CopyRow[]> {
  let batch: CopyRow[] = [];
  for (const row of rows) {
    batch.push(row);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

type Summaries = Readonly<Record<CopyTableName, TableSummary>>;

/** @throws CommandError when the two stores differ */
async function compare(source: CopySource, target: CopyTarget, stderr: OutputStream): Promise<Summaries> {
  const total = COPY_TABLES.reduce((sum, { name }) => sum + 2 * source.count(name), 0);
  const progress = rowProgress(stderr, total);
  const summaries: [CopyTableName, TableSummary][] = [];
  try {
    for (const { name } of COPY_TABLES) {
      const count = (rows: number) => {
        progress.add(rows, `checking ${name}`);
      };
      const read = await summaryOf(source.rows(name, undefined), count);
      const written = await summaryOf(target.rows(name), count);
      if (read.rows !== written.rows || read.checksum !== written.checksum) {
        throw new CommandError(
          `The table ${name} differs: ${describe(read)} in the file, ${describe(written)} in the database. Something else writes there, or something is wrong with it: copy into another, empty database.`,
        );
      }
      summaries.push([name, read]);
    }
  } finally {
    progress.stop();
  }
  return Object.fromEntries(summaries) as Summaries;
}

const describe = ({ rows, checksum }: TableSummary) => `${String(rows)} rows with the checksum ${checksum}`;

/** @throws CommandError when the file was written while it was copied */
function refuseChangedSource(file: string, fingerprint: string): void {
  const source = openCopySource(file);
  const isChanged = source.fingerprint !== fingerprint;
  source.close();
  if (!isChanged) return;
  throw new CommandError(
    `${printable(file)} was written to while it was copied, so the copy lacks the last changes. Stop the server that uses the file, and run the same command again.`,
  );
}

function summaryTable(summaries: Summaries): string {
  const columns = [
    { title: 'TABLE' },
    { title: 'ROWS', align: 'right' as const },
    { title: 'SHA-256, THE SAME IN BOTH' },
  ];
  return table(
    columns,
    Object.entries(summaries).map(([name, { rows, checksum }]) => [name, String(rows), checksum]),
  );
}

/** A progress bar on standard error if that is a terminal; otherwise nothing. */
function rowProgress(stderr: OutputStream, total: number) {
  const bar =
    stderr.isTTY === true && total > 0 ? progressBar(stderr, total, `${String(total)} rows`) : undefined;
  bar?.start(total, 0, { name: 'copying' });
  return {
    add(rows: number, name?: string) {
      bar?.increment(rows, name === undefined ? undefined : { name });
    },
    stop() {
      bar?.stop();
    },
  };
}
