/**
 * Keeps native objects of better-sqlite3 alive until the process ends, so that the garbage collector never frees one.
 *
 * Node 24.19 and later abort an idle process when it frees an object of better-sqlite3 12. Version 13 fixes this, but needs a
 * newer Node than the oldest that this project supports. Each handle prepares a fixed number of statements, and handles are
 * reopened at growing intervals (reopening-handle.ts), so this holds little memory.
 */
export function pin<Native extends object>(native: Native): Native {
  pinned.add(native);
  return native;
}

const pinned = new Set<object>();
