import { existsSync, lstatSync, mkdtempSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import type { Command } from 'commander';

import { backUpDatabase, isTaken } from '../control-plane/sqlite/file/backup-database';
import type { StoreContents } from '../control-plane/sqlite/file/check-copy';
import { isFull, StoreOpenError } from '../control-plane/sqlite/open-failure';
import { type CommandContext, CommandError, ExitCode, UsageError } from './command';
import { codeOf, explainFileError, withTemporary } from './files';
import { locateStore } from './open-store';
import { printable } from './terminal';
import { copyProgress, megabytes } from './progress-bar';

export function addBackup(program: Command, context: CommandContext, end: (code: ExitCode) => void): void {
  program
    .command('backup')
    .description('copy the store, history and access keys included, to a file; a server may be running')
    .argument('<file>', 'the file to make, which must not exist')
    .option('--json', 'print what was done as JSON')
    .addHelpText(
      'after',
      `
The copy is of one moment. It is checked and on the disk before it gets its name, so whatever
happens there is a whole backup or none. Access keys are in it under ACCESS_KEY_ENCRYPTION_KEY,
so keep that key as well, and somewhere else. "proton-subgraph restore" puts a backup back.

Examples:
  proton-subgraph backup proton-$(date +%F).db
  proton-subgraph backup /backups/proton.db --json | jq .connections

The store is the one that DATABASE_URL names (sqlite:./data/proton.db unless set).`,
    )
    .action(async (file: string, options: { readonly json?: boolean }) => {
      end(await backUp(file, options, context));
    });
}

/** `backup`: copies the store of DATABASE_URL to a new file. */
async function backUp(
  file: string,
  { json }: { readonly json?: boolean },
  { env, stdout, stderr }: CommandContext,
): Promise<ExitCode> {
  if (file === '') throw new UsageError('The name of the file is empty.');
  const location = locateStore(env);
  if (!existsSync(location)) {
    throw new CommandError(
      `There is no database at ${location}. Set DATABASE_URL to the one that the server uses; a relative path begins where the command runs.`,
    );
  }
  const to = resolve(file);
  refuseTaken(to, file);
  const progress = copyProgress(stderr, printable(basename(to)));
  const contents = await withTemporary(temporaryFolder(to, file), (folder) =>
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

function refuseTaken(to: string, file: string): void {
  if (lstatSync(to, { throwIfNoEntry: false }) === undefined && !isTaken(to)) return;
  throw new CommandError(
    `${printable(file)} is there already, or a -wal or -journal file of that name is. Name a file that does not exist; nothing is overwritten.`,
  );
}

/** In the folder of the backup, so that a name is all that it needs in the end. Only this user can look into it. */
function temporaryFolder(to: string, file: string): string {
  try {
    return mkdtempSync(join(dirname(to), `.${basename(to)}.part-`));
  } catch (error) {
    throw explain(error, to, file);
  }
}

function explain(error: unknown, to: string, file: string): unknown {
  const code = codeOf(error) ?? '';
  if (code === 'EEXIST')
    return new CommandError(`${printable(file)} was made meanwhile. It is left as it is.`);
  if (isFull(code)) {
    return new CommandError(
      `${printable(file)} can't be written: no space left on device, in the folder ${dirname(to)}.`,
    );
  }
  if (error instanceof StoreOpenError) return error;
  if (/^E[A-Z]+$/.test(code)) {
    return new CommandError(`${printable(file)} can't be written: ${explainFileError(error)}.`);
  }
  if (!code.startsWith('SQLITE_IOERR')) return error;
  return new CommandError(
    `${printable(file)} can't be written: no space left on device, in the folder ${dirname(to)}, or the disk fails (${code}).`,
  );
}
