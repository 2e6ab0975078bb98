import { ProtonFailure } from '../../proton/failure';
import { sqliteCodeOf } from './sqlite-error';
import { isStoreFailure } from './errors';

const EXPLANATIONS: readonly (readonly [RegExp, string])[] = [
  [/^SQLITE_(?:CORRUPT|NOTADB)/, 'The store is damaged. Restore it from a backup.'],
  [
    /^SQLITE_(?:FULL|CANTOPEN)/,
    "There is no space to gather the file's records in. Make space in the folder for temporary files (TMPDIR, or /var/tmp when it is not set), or set TMPDIR to another folder, then try again.",
  ],
  [/^SQLITE_NOMEM/, 'There is not enough memory for it.'],
  [/^SQLITE_IOERR/, "The disk can't be read or written. See to the disk, then try again."],
];

/** What an import or an export meets, for whoever typed it: what is wrong with the store is told from a mistake of ours. */
export function moveFailure(error: unknown): unknown {
  if (!isStoreFailure(error)) return error;
  const code = sqliteCodeOf(error) ?? '';
  const [, words = "The store can't be read at the moment. Try again later."] =
    EXPLANATIONS.find(([pattern]) => pattern.test(code)) ?? [];
  return ProtonFailure.unavailable(words, error);
}
