/**
 * The code of an error that SQLite reported, as in `SQLITE_BUSY`, or undefined for any other error.
 * Told by its code and not by its class: the native addon is loaded once a process and may know the class of another realm.
 */
export function sqliteCodeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' && error.code.startsWith('SQLITE_') ? error.code : undefined;
}

export function isBusy(error: unknown): boolean {
  return sqliteCodeOf(error)?.startsWith('SQLITE_BUSY') ?? false;
}
