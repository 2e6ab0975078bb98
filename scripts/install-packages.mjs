import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Installs what the named folders' package-lock.json list, development packages included, unless it is installed already.
 * `npm ci` in the project installs only what building and serving takes; the npm scripts that need more call this first.
 * It adds packages and removes none that are in use, so it can run beside a running server.
 *
 * Usage: node scripts/install-packages.mjs [FOLDER...]   (all folders unless some are named)
 */
const PROJECT = join(dirname(fileURLToPath(import.meta.url)), '..');
// The project first: the others link to its graphql.
const ALL = ['.', 'examples/supergraph', 'test/federation', 'bench', 'web', 'examples/frontend'];

const named = process.argv.slice(2);
const unknown = named.filter((folder) => !ALL.includes(folder));
if (unknown.length > 0) {
  console.error(`No packages are kept in ${unknown.join(', ')}. Folders that have some: ${ALL.join(', ')}`);
  process.exit(2);
}
for (const folder of ALL) {
  if (named.length > 0 && !named.includes(folder)) continue;
  const state = installedState(join(PROJECT, folder));
  if (state === 'current') continue;
  const where = folder === '.' ? 'the project' : folder;
  console.log(`Installing the packages of ${where}: node_modules is ${state} (npm install --include=dev)`);
  const failure = install(join(PROJECT, folder));
  if (failure !== undefined) {
    console.error(
      `The packages of ${where} could not be installed: npm ${failure}. What npm printed above says why.`,
    );
    process.exit(1);
  }
}

/** Compares the lock file with the one that npm writes into node_modules after each installation. */
function installedState(folder) {
  const installedLock = join(folder, 'node_modules', '.package-lock.json');
  if (!existsSync(installedLock)) return 'missing';
  const installed = packagesOf(installedLock);
  const wanted = Object.entries(packagesOf(join(folder, 'package-lock.json')));
  const isInstalled = ([path, { version, integrity }]) =>
    installed[path]?.version === version && installed[path]?.integrity === integrity;
  // Optional packages are for other platforms, and peers come from the project (omit=peer).
  const required = wanted.filter(
    ([path, entry]) =>
      path.startsWith('node_modules/') && !entry.optional && !entry.devOptional && !entry.peer,
  );
  if (required.every(isInstalled)) return 'current';
  return required.some(([path]) => !(path in installed)) ? 'incomplete' : 'stale';
}

function packagesOf(lockFile) {
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
}

/** @returns how npm failed, undefined if it did not */
function install(folder) {
  const args = ['install', '--include=dev', '--no-save', '--no-audit', '--no-fund', '--prefer-offline'];
  const options = { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] };
  // Under `npm run` this names the npm that runs.
  const npm = process.env['npm_execpath'];
  const { status, error } = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
  if (error) return `did not start: ${error.message}`;
  return status === 0 ? undefined : `ended with ${String(status)}`;
}
