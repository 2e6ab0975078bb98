import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import type { Command } from 'commander';

import { makeFolder } from '../control-plane/sqlite/file/durable-files';
import { restoreDatabase } from '../control-plane/sqlite/file/restore-database';
import { codeOf, isFull } from '../control-plane/sqlite/errors';
import { contentsText } from './backup';
import { CommandError, ExitCode, STORE_HELP, type CommandContext } from './command';
import { explainFileError, linkTarget, withTemporaryFolder } from './files';
import { locateFile } from './open-store';
import { copyProgress } from './progress-bar';
import { printable } from './terminal';

export function addRestore(program: Command, context: CommandContext, end: (code: ExitCode) => void): void {
  program
    .command('restore')
    .description('replace the store with a backup; stop the server first')
    .argument('<file>', 'a backup; it is not changed')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Fails while a server or another command has the store open. The backup is copied and checked
first. Then the old files are renamed; the new names are printed. Then the copy gets the name of
the store and is checked again. If any step fails, the store is unchanged. On PostgreSQL, use
pg_restore.

Examples:
  proton-subgraph restore proton-2026-01-31.db
  proton-subgraph restore proton-2026-01-31.db --json | jq -r '.moved[].to'
${STORE_HELP}
It is created if it does not exist.`,
    )
    .action(async (file: string, options: { readonly json?: boolean }) => {
      end(await restore(file, options, context));
    });
}

/** `restore` */
async function restore(
  file: string,
  { json }: { readonly json?: boolean },
  { env, stdout, stderr }: CommandContext,
): Promise<ExitCode> {
  const location = storeLocation(env);
  const from = resolve(file);
  checkFiles(from, file, location);
  const progress = copyProgress(stderr, printable(basename(from)));
  const { contents, moved } = await replaceStore(from, location, (done, total) => {
    progress.update(done, total);
  }).finally(() => {
    progress.stop();
  });
  if (json) {
    stdout.write(`${JSON.stringify({ store: location, from, ...contents, moved }, null, 2)}\n`);
    return ExitCode.DONE;
  }
  stdout.write(`Restored ${location} from ${printable(file)} (${contentsText(contents)}).\n`);
  if (moved.length > 0) stdout.write('The old files are kept; remove them when they are no longer needed:\n');
  for (const { to } of moved) stdout.write(`  ${to}\n`);
  return ExitCode.DONE;
}

const PG_RESTORE =
  'Restore it with pg_restore, while no server runs: pg_restore --clean --if-exists --single-transaction --dbname="$DATABASE_URL" proton.dump, where proton.dump is from pg_dump --format=custom.';

/** The file of the store without links, because SQLite keeps the log beside the file itself. */
function storeLocation(env: CommandContext['env']): string {
  const path = resolve(locateFile(env, PG_RESTORE));
  try {
    return linkTarget(path);
  } catch (error) {
    throw explain(error, path);
  }
}

function checkFiles(from: string, file: string, location: string): void {
  const store = statSync(location, { throwIfNoEntry: false });
  if (store?.isFile() === false) throw new CommandError(`The store ${location} is not a regular file.`);
  if (!existsSync(from)) throw new CommandError(`There is no backup ${printable(file)}.`);
  const backup = statSync(from);
  if (!backup.isFile()) throw new CommandError(`The backup ${printable(file)} is not a regular file.`);
  if (backup.size === 0) throw new CommandError(`The backup ${printable(file)} is empty.`);
  if (backup.dev === store?.dev && backup.ino === store.ino) {
    throw new CommandError(`${printable(file)} is the store itself. Name a backup of it.`);
  }
}

async function replaceStore(
  from: string,
  location: string,
  onProgress: (done: number, total: number) => void,
): ReturnType<typeof restoreDatabase> {
  try {
    makeFolder(dirname(location));
    // In the folder of the store, so that the finished copy only has to be renamed.
    return await withTemporaryFolder(`${location}.restore-`, (folder) =>
      restoreDatabase({ from, location, temporary: join(folder, 'copy.db') }, onProgress),
    );
  } catch (error) {
    throw explain(error, location);
  }
}

function explain(error: unknown, location: string): unknown {
  const code = codeOf(error);
  const unchanged = 'The store is unchanged.';
  if (isFull(code)) {
    return new CommandError(
      `The backup can't be restored: no space left on device, in the folder ${dirname(location)}. ${unchanged}`,
    );
  }
  if (code === 'EEXIST') {
    return new CommandError(
      `A store was created at ${location} by another process meanwhile. It is left unchanged.`,
    );
  }
  if (!/^(?:E[A-Z]+$|SQLITE_)/.test(code)) return error;
  return new CommandError(`The backup can't be restored: ${explainFileError(error)} (${code}). ${unchanged}`);
}
