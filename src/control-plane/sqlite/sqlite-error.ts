/**
 * The code of an error that SQLite reported, as in `SQLITE_BUSY`, or undefined for any other error.
 * Told by its code and not by its class: the native addon is loaded once a process and may know the class of another realm.
 */
export function sqliteCodeOf(error: unknown): string | undefined {
  const code = codeOf(error);
  return code.startsWith('SQLITE_') ? code : undefined;
}

/** What SQLite or the file system calls an error; empty for any other. */
export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

/** What an error says, whatever realm its class is of. */
export function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : String(error);
}

export function isBusy(error: unknown): boolean {
  return sqliteCodeOf(error)?.startsWith('SQLITE_BUSY') ?? false;
}
