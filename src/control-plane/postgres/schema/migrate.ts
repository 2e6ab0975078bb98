import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import type { Database } from '../database';
import { codeOf, isLocked } from '../errors';
import { BOOKKEEPING, SCHEMA_STEPS, type SchemaStep } from './steps';

/** How long a process that applies steps is waited for when it no longer renews its lease, in milliseconds. */
const LEASE_MS = 5_000;
const RENEWAL_MS = 1_000;
const POLL_MS = 100;
/** How often a step is tried again when another process applies it at the same time. */
const MAX_RACES = 10;
/**
 * How long a step waits for its lock, in milliseconds: behind it, all reads and writes of the table wait too. Then it lets them pass for
 * as long, and tries again.
 */
const LOCK_MS = 1_000;

/** Milliseconds since the epoch on the clock of the database server, which all processes share. */
const NOW = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

/**
 * Applies the steps that the database lacks. Any number of processes may do it at once: one of them takes a lease and applies them,
 * the others wait. When it dies, another one takes the lease; a step can be repeated.
 * @returns the steps that this process has applied
 * @throws pg's errors
 */
export async function migrate(
  database: Database,
  steps: readonly SchemaStep[] = SCHEMA_STEPS,
): Promise<readonly SchemaStep[]> {
  const applied: SchemaStep[] = [];
  const owner = randomUUID();
  let racesLeft = MAX_RACES;
  while ((await missingSteps(database, steps)).length > 0) {
    if (!(await takeLease(database, owner))) {
      await delay(POLL_MS);
      continue;
    }
    const renewal = setInterval(() => {
      takeLease(database, owner).catch(() => undefined);
    }, RENEWAL_MS);
    try {
      // Read again: another process may have applied some before it released the lease.
      for (const step of await missingSteps(database, steps)) {
        await apply(database, step);
        applied.push(step);
      }
    } catch (error) {
      // Another process has outlived its lease and applies the same step.
      racesLeft -= 1;
      if (racesLeft === 0 || !isRace(error)) throw error;
    } finally {
      clearInterval(renewal);
      await releaseLease(database, owner).catch(() => undefined);
    }
  }
  return applied;
}

/** The steps that the database lacks. */
export async function missingSteps(
  database: Database,
  steps: readonly SchemaStep[] = SCHEMA_STEPS,
): Promise<readonly SchemaStep[]> {
  const [[hasSteps] = [false]] = (await database.run({
    text: "SELECT to_regclass('schema_steps') IS NOT NULL",
  })) as readonly [boolean][];
  if (!hasSteps) return steps;
  const rows = (await database.run({ text: 'SELECT step FROM schema_steps' })) as readonly [number][];
  const known = new Set(rows.map(([step]) => step));
  return steps.filter(({ step }) => !known.has(step));
}

/** @returns whether this process has the lease now */
async function takeLease(database: Database, owner: string): Promise<boolean> {
  try {
    for (const statement of BOOKKEEPING) await database.run({ text: statement });
    const taken = await database.run({
      text: `INSERT INTO schema_lease (id, owner, until) VALUES (1, $1::uuid, ${NOW} + $2::bigint)
        ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, until = excluded.until
        WHERE schema_lease.owner = excluded.owner OR schema_lease.until < ${NOW}
        RETURNING id`,
      values: [owner, LEASE_MS],
    });
    return taken.length > 0;
  } catch (error) {
    if (isRace(error)) return false;
    throw error;
  }
}

async function releaseLease(database: Database, owner: string): Promise<void> {
  await database.run({
    text: 'UPDATE schema_lease SET until = 0 WHERE owner = $1::uuid',
    values: [owner],
  });
}

async function apply(database: Database, { step, statement }: SchemaStep): Promise<void> {
  const [, index] = /^CREATE INDEX CONCURRENTLY IF NOT EXISTS (\w+) /.exec(statement) ?? [];
  if (index === undefined) await change(database, statement);
  else await buildIndex(database, index, statement);
  // A statement that changes the schema is a transaction of its own in some databases, so the step is recorded in another one.
  await database.run({
    text: `INSERT INTO schema_steps (step, applied_at) VALUES ($1::int, ${NOW}) ON CONFLICT (step) DO NOTHING`,
    values: [step],
  });
}

/** Waits for the end of transactions that use the table, however long they take, and lets others use it meanwhile. */
async function change(database: Database, statement: string): Promise<void> {
  for (;;) {
    try {
      await database.transaction((session) => session.commit([session.send({ text: statement })]), {
        unlimited: true,
        lockTimeoutMs: LOCK_MS,
      });
      return;
    } catch (error) {
      if (!isLocked(error)) throw error;
      await delay(LOCK_MS);
    }
  }
}

/** Builds an index while the table is read and written. A build that was cut off leaves an index that no query can use. */
async function buildIndex(database: Database, name: string, statement: string): Promise<void> {
  for (;;) {
    // The server goes on with the build of a process that has died.
    while ((await database.run({ text: BUILDS, values: [name] })).length > 0) await delay(POLL_MS);
    const [index] = (await database.run({ text: INDEX, values: [name] })) as readonly [isValid: boolean][];
    if (index?.[0]) return;
    await database.runOutsideTransaction(index ? `DROP INDEX CONCURRENTLY IF EXISTS ${name}` : statement);
  }
}

const BUILDS = `SELECT 1 FROM pg_stat_activity
  WHERE datname = current_database() AND state = 'active' AND starts_with(query, 'CREATE INDEX CONCURRENTLY IF NOT EXISTS ' || $1::text || ' ')`;
const INDEX = 'SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1::text)';

/** IF NOT EXISTS does not protect from a table that another session creates at the same time. */
function isRace(error: unknown): boolean {
  return ['23505', '42P07', '42710', '40001', '40P01', 'XX000'].includes(codeOf(error));
}
