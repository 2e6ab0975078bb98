import { existsSync, mkdtempSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import type { Command } from 'commander';

import { makeFolder } from '../control-plane/sqlite/file/name-file';
import { restoreDatabase } from '../control-plane/sqlite/file/restore-database';
import { isFull } from '../control-plane/sqlite/open-failure';
import { contentsText } from './backup';
import { type CommandContext, CommandError, ExitCode } from './command';
import { codeOf, explainFileError, withTemporary } from './files';
import { locateStore } from './open-store';
import { printable } from './terminal';
import { copyProgress } from './progress-bar';

export function addRestore(program: Command, context: CommandContext, end: (code: ExitCode) => void): void {
  program
    .command('restore')
    .description('put a backup in the place of the store; stop the server first')
    .argument('<file>', 'a backup, which is only read')
    .option('--json', 'print what was done as JSON')
    .addHelpText(
      'after',
      `
Refuses while a server, or another command, has the store open. The backup is copied and checked
first. Then the old files are moved to names beside them, which are printed, and the copy gets
the name of the store and is checked again. When anything fails, all is as it was.

Examples:
  proton-subgraph restore proton-2026-01-31.db
  proton-subgraph restore proton-2026-01-31.db --json | jq -r '.moved[].to'

The store is the one that DATABASE_URL names (sqlite:./data/proton.db unless set).
It is made where there is none.`,
    )
    .action(async (file: string, options: { readonly json?: boolean }) => {
      end(await restore(file, options, context));
    });
}

/** `restore`: puts a copy of a backup in the place of the store of DATABASE_URL. */
async function restore(
  file: string,
  { json }: { readonly json?: boolean },
  { env, stdout, stderr }: CommandContext,
): Promise<ExitCode> {
  const location = targetOf(resolve(locateStore(env)));
  const from = resolve(file);
  refuseUnreadable(from, file, location);
  const progress = copyProgress(stderr, printable(basename(from)));
  const { contents, moved } = await withTemporary(temporaryFolder(location), (folder) =>
    restoreDatabase({ from, location, temporary: join(folder, 'copy.db') }, (done, total) => {
      progress.update(done, total);
    }),
  )
    .catch((error: unknown) => {
      throw explain(error, location);
    })
    .finally(() => {
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

/** The file that a link leads to, even if it is not there: the link stays, and SQLite keeps the log beside the file. */
function targetOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw explain(error, path);
    try {
      return resolve(dirname(path), readlinkSync(path));
    } catch {
      return path;
    }
  }
}

function refuseUnreadable(from: string, file: string, location: string): void {
  const store = statSync(location, { throwIfNoEntry: false });
  if (store?.isFile() === false) throw new CommandError(`The store ${location} is no regular file.`);
  if (!existsSync(from)) throw new CommandError(`There is no backup ${printable(file)}.`);
  const backup = statSync(from);
  if (!backup.isFile()) throw new CommandError(`The backup ${printable(file)} is no regular file.`);
  if (backup.size === 0) throw new CommandError(`The backup ${printable(file)} is empty.`);
  if (backup.dev === store?.dev && backup.ino === store.ino) {
    throw new CommandError(`${printable(file)} is the store itself. Name a backup of it.`);
  }
}

/** In the folder of the store, so that a name is all that the copy needs in the end. Only this user can look into it. */
function temporaryFolder(location: string): string {
  try {
    makeFolder(dirname(location));
    return mkdtempSync(`${location}.restore-`);
  } catch (error) {
    throw explain(error, location);
  }
}

function explain(error: unknown, location: string): unknown {
  const code = codeOf(error) ?? '';
  const unchanged = 'The store is as it was.';
  if (isFull(code)) {
    return new CommandError(
      `The backup can't be restored: no space left on device, in the folder ${dirname(location)}. ${unchanged}`,
    );
  }
  if (code === 'EEXIST') {
    return new CommandError(`A store was made at ${location} meanwhile. It is left as it is.`);
  }
  if (!/^(?:E[A-Z]+$|SQLITE_)/.test(code)) return error;
  return new CommandError(`The backup can't be restored: ${explainFileError(error)} (${code}). ${unchanged}`);
}
