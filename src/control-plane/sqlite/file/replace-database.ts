import { appendFileSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

import { StoreOpenError } from '../../store-errors';
import { messageOf } from '../errors';
import { publishFile, removeDatabase, SIDE_FILE_ENDINGS, syncFolder } from './durable-files';

export interface Move {
  readonly from: string;
  readonly to: string;
}

/**
 * Moves a database and its side files to other names, and gives its name to a new file. Meanwhile a note beside it makes a start
 * fail: SQLite would apply the old log to the new file, and without any file a start would create an empty database.
 * @param fresh the new file, under a temporary name
 * @param check throws unless the new file works in its place
 * @throws after everything was moved back
 */
export function replaceDatabase(fresh: string, location: string, check: () => void): readonly Move[] {
  const note = noteOf(location);
  const backup = freeName(location);
  const moves = ['', ...SIDE_FILE_ENDINGS]
    .filter((ending) => existsSync(location + ending))
    .map((ending) => ({ from: location + ending, to: backup + ending }));
  const hadNote = existsSync(note);
  const done: Move[] = [];
  let isPlaced = false;
  try {
    writeNote(note, moves);
    for (const move of moves) {
      renameSync(move.from, move.to);
      done.push(move);
    }
    publishFile(fresh, location);
    isPlaced = true;
    check();
  } catch (error) {
    try {
      if (isPlaced) removeDatabase(location);
      for (const { from, to } of done.toReversed()) renameSync(to, from);
      if (!hadNote) rmSync(note, { force: true });
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

/** @throws StoreOpenError while a restore moves files, or after it was killed then */
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
