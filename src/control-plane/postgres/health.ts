import { readFailure } from '../store-errors';
import type { StoreHealth } from '../store';
import type { Database } from './database';
import { storeErrorOf, unavailable } from './errors';

/** How long a result counts, in milliseconds: any number of probes ask the database once. */
const TTL_MS = 1_000;

/** A lock that many processes share. It is noted in the row, so its commit goes to the disk like that of a write. */
const TRY_WRITING = 'SELECT step FROM schema_steps WHERE step = 1 FOR SHARE';
const TRY_READING = 'SELECT id FROM connections LIMIT 1';

export interface HealthOptions {
  readonly database: Database;
  /** Whether the store is well when it can only be read. */
  readonly readOnlyAllowed: boolean;
}

/** Whether rows can be read and a transaction can be committed. */
export function healthOn({ database, readOnlyAllowed }: HealthOptions): () => Promise<StoreHealth> {
  let latest: { readonly at: number; readonly health: Promise<StoreHealth> } | undefined;

  async function tryAll(): Promise<StoreHealth> {
    try {
      await tryReadingAndWriting();
      return { ok: true };
    } catch (error) {
      const known = storeErrorOf(error);
      if (!known) throw unavailable(error, readFailure);
      return { ok: false, part: known.kind === 'schema' ? 'migrations' : 'store', reason: known.message };
    }
  }

  /** In one transaction, so that both together take no longer than one call. */
  async function tryReadingAndWriting(): Promise<void> {
    try {
      await database.transaction(
        (session) => session.commit([TRY_READING, TRY_WRITING].map((text) => session.send({ text }))),
        { mayBeReadOnly: readOnlyAllowed },
      );
    } catch (error) {
      if (!readOnlyAllowed || storeErrorOf(error)?.kind !== 'read-only') throw error;
    }
  }

  return () => {
    if (latest && performance.now() - latest.at < TTL_MS) return latest.health;
    // The time counts from the end, so that slow probes are shared too.
    const started = { at: Infinity, health: tryAll() };
    latest = started;
    void started.health
      .catch(() => undefined)
      .then(() => {
        started.at = performance.now();
      });
    return started.health;
  };
}
