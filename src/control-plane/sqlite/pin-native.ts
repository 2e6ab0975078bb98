/**
 * Holds native objects of better-sqlite3 for the life of the process, so that the garbage collector never finds one.
 *
 * Node 24.19 and later abort the process when it collects an object of a class that better-sqlite3 12 builds on, at a moment
 * when no JavaScript runs: an idle server dies. Version 13 is free of it, and wants a newer Node than the oldest we serve.
 * An opening makes a fixed number of statements, and openings come ever more seldom (standing.ts), so this holds little.
 */
export function keep<Native extends object>(native: Native): Native {
  kept.add(native);
  return native;
}

const kept = new Set<object>();
