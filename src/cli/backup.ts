import { lstatSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import type { Command } from 'commander';

import { backUpDatabase, isTaken } from '../control-plane/sqlite/file/backup-database';
import type { StoreContents } from '../control-plane/sqlite/file/copy-database';
import { StoreOpenError } from '../control-plane/store-errors';
import { codeOf, isFull } from '../control-plane/sqlite/errors';
import { CommandError, ExitCode, STORE_HELP, UsageError, type CommandContext } from './command';
import { explainFileError, isFileSystemError, withTemporaryFolder } from './files';
import { locateFile, refuseMissingFile } from './open-store';
import { copyProgress, megabytes } from './progress-bar';
import { printable } from './terminal';

export function addBackup(program: Command, context: CommandContext, end: (code: ExitCode) => void): void {
  program
    .command('backup')
    .description('copy the store, including history and access keys, to a file; a server may be running')
    .argument('<file>', 'the file to create, which must not exist')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
The backup is a consistent snapshot. It is checked and flushed to the disk before it gets its
name, so an interrupted backup leaves no file. Secrets of access keys are encrypted under
ACCESS_KEY_ENCRYPTION_KEY: keep that key too, in another place. "proton-subgraph restore" restores
a backup. On PostgreSQL, use pg_dump.

Examples:
  proton-subgraph backup proton-$(date +%F).db
  proton-subgraph backup /backups/proton.db --json | jq .connections
${STORE_HELP}`,
    )
    .action(async (file: string, options: { readonly json?: boolean }) => {
      end(await backUp(file, options, context));
    });
}

const PG_DUMP =
  'Back it up with pg_dump: pg_dump --format=custom --file=proton.dump --dbname="$DATABASE_URL". pg_restore restores that.';

/** `backup` */
async function backUp(
  file: string,
  { json }: { readonly json?: boolean },
  { env, stdout, stderr }: CommandContext,
): Promise<ExitCode> {
  if (file === '') throw new UsageError('The name of the file is empty.');
  const location = locateFile(env, PG_DUMP);
  refuseMissingFile(location);
  const to = resolve(file);
  refuseExisting(to, file);
  const progress = copyProgress(stderr, printable(basename(to)));
  // In the folder of the backup, so that the finished copy only has to be renamed.
  const contents = await withTemporaryFolder(join(dirname(to), `.${basename(to)}.part-`), (folder) =>
    backUpDatabase({ location, to, temporary: join(folder, 'copy.db') }, (done, total) => {
      progress.update(done, total);
    }),
  )
    .catch((error: unknown) => {
      throw explain(error, to, file);
    })
    .finally(() => {
      progress.stop();
    });
  const bytes = statSync(to).size;
  if (json) stdout.write(`${JSON.stringify({ file: to, bytes, ...contents }, null, 2)}\n`);
  else stdout.write(`Backed up ${contentsText(contents)} to ${printable(file)} (${megabytes(bytes)}).\n`);
  return ExitCode.DONE;
}

export function contentsText({ connections, events, accessKeys }: StoreContents): string {
  return `connections: ${String(connections)}, events: ${String(events)}, access keys: ${String(accessKeys)}`;
}

function refuseExisting(to: string, file: string): void {
  if (lstatSync(to, { throwIfNoEntry: false }) === undefined && !isTaken(to)) return;
  throw new CommandError(
    `${printable(file)} already exists, or a -wal or -journal file of that name does. Name a file that does not exist; nothing is overwritten.`,
  );
}

function explain(error: unknown, to: string, file: string): unknown {
  const code = codeOf(error);
  if (code === 'EEXIST')
    return new CommandError(
      `${printable(file)} was created by another process meanwhile. It is left unchanged.`,
    );
  if (isFull(code)) {
    return new CommandError(
      `${printable(file)} can't be written: no space left on device, in the folder ${dirname(to)}.`,
    );
  }
  if (error instanceof StoreOpenError) return error;
  if (isFileSystemError(error)) {
    return new CommandError(`${printable(file)} can't be written: ${explainFileError(error)}.`);
  }
  if (!code.startsWith('SQLITE_IOERR')) return error;
  return new CommandError(
    `${printable(file)} can't be written: no space left on device, in the folder ${dirname(to)}, or the disk fails (${code}).`,
  );
}
