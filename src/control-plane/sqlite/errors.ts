import { sqliteCodeOf } from './sqlite-error';

/** What can be wrong with a store as a whole. */
export type TroubleKind =
  | 'gone'
  | 'replaced'
  | 'log lost'
  | 'damaged'
  | 'newer'
  | 'locked'
  | 'full'
  | 'read-only'
  | 'memory'
  | 'failing'
  | 'closed';

/** For an operator: what is wrong, and what to do. They name no path: the log line beside them does. */
const WORDS: Readonly<Record<TroubleKind, string>> = {
  gone: 'The database file is gone. Put it back; what it held is still served for reading until this process ends.',
  replaced:
    'Another file is in the place of the database, and can not be taken up. Put the old one back, or put in its place one of this version with no log (-wal) and index (-shm) of the old one beside it.',
  'log lost':
    'The log of the database (-wal) was taken away or replaced, and what it held could not be saved into the database yet.',
  damaged: 'The database file is damaged. Restore it from a backup.',
  newer:
    'A newer version of proton-subgraph has changed the database since. Run that version or a later one.',
  locked: 'Another process holds the lock of the database.',
  full: 'There is no space left for the database. Make some.',
  'read-only': 'The database can no longer be written to. Give this process the right to write to it again.',
  memory: 'There is not enough memory for the database.',
  failing: 'The disk fails under the database. See to the disk.',
  closed: 'The database is closed.',
};

const KINDS: readonly (readonly [RegExp, TroubleKind])[] = [
  [/^SQLITE_(?:CORRUPT|NOTADB)/, 'damaged'],
  [/^SQLITE_(?:BUSY|LOCKED)/, 'locked'],
  [/^SQLITE_(?:FULL|IOERR_SHMSIZE)/, 'full'],
  [/^SQLITE_READONLY/, 'read-only'],
  [/^SQLITE_(?:NOMEM|IOERR_NOMEM)/, 'memory'],
  [/^SQLITE_(?:IOERR|CANTOPEN|PROTOCOL)/, 'failing'],
];

/** Something that is wrong with the store and not with one write: a commit falls with it as a whole. */
export class StoreTrouble extends Error {
  override readonly name = 'StoreTrouble';

  constructor(
    readonly kind: TroubleKind,
    cause?: unknown,
  ) {
    const code = sqliteCodeOf(cause);
    super(code === undefined ? WORDS[kind] : `${WORDS[kind]} (${code})`, { cause });
  }
}

/** What an error says of the store; undefined where it says nothing of it. */
export function troubleOf(error: unknown): StoreTrouble | undefined {
  if (error instanceof StoreTrouble) return error;
  const code = sqliteCodeOf(error);
  const [, kind] = KINDS.find(([pattern]) => code !== undefined && pattern.test(code)) ?? [];
  return kind && new StoreTrouble(kind, error);
}

export function isStoreFailure(error: unknown): boolean {
  return troubleOf(error) !== undefined;
}
