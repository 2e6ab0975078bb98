import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

import { StoreOpenError, messageOf } from '../errors';
import { giveName, removeDatabase, SIDE_FILE_ENDINGS, syncFolder } from './durable-files';

export interface Move {
  readonly from: string;
  readonly to: string;
}

/**
 * Moves a database and what is beside it to other names, and gives its name to a new file. A note beside it says so meanwhile, at
 * which a start refuses: a new file beside the log of the old one would be changed by it, and where there is no file, a new
 * database would be made.
 * @param check throws unless the new file is in order in its place
 * @throws after everything was moved back
 */
export function replaceDatabase(fresh: string, location: string, check: () => void): readonly Move[] {
  const note = noteOf(location);
  const kept = freeName(location);
  const moves = ['', ...SIDE_FILE_ENDINGS]
    .filter((ending) => existsSync(location + ending))
    .map((ending) => ({ from: location + ending, to: kept + ending }));
  const noteIsOlder = existsSync(note);
  const done: Move[] = [];
  let placed = false;
  try {
    writeNote(note, moves);
    for (const move of moves) {
      renameSync(move.from, move.to);
      done.push(move);
    }
    giveName(fresh, location);
    placed = true;
    check();
  } catch (error) {
    try {
      if (placed) removeDatabase(location);
      for (const { from, to } of done.toReversed()) renameSync(to, from);
      if (!noteIsOlder) rmSync(note, { force: true });
    } catch (undoing) {
      throw new StoreOpenError(
        `${location} could not be replaced (${messageOf(error)}), nor could its files be moved back (${messageOf(undoing)}): ${note} lists where they are.`,
        { cause: error },
      );
    }
    throw error;
  }
  rmSync(note, { force: true });
  syncFolder(dirname(location));
  return moves;
}

/** @throws StoreOpenError when a restore was killed while it moved files */
export function refuseUnfinishedRestore(location: string): void {
  const note = noteOf(location);
  if (!existsSync(note)) return;
  throw new StoreOpenError(
    `${location} is being restored, or a restore was cut off in the middle. Restore it again; or move back the files that are listed in ${note}, and remove that.`,
  );
}

function noteOf(location: string): string {
  return `${location}.restoring`;
}

function writeNote(note: string, moves: readonly Move[]): void {
  appendFileSync(note, moves.map(({ from, to }) => `mv '${to}' '${from}'\n`).join(''));
  const file = openSync(note, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  syncFolder(dirname(note));
}

function freeName(location: string): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const names = Array.from({ length: 100 }, (_, index) => (index === 0 ? '' : `-${String(index + 1)}`)).map(
    (suffix) => `${location}.before-restore-${time}${suffix}`,
  );
  const free = names.find((name) => ['', ...SIDE_FILE_ENDINGS].every((ending) => !existsSync(name + ending)));
  if (free === undefined) throw new StoreOpenError(`There is no free name beside ${location} for its files.`);
  return free;
}
