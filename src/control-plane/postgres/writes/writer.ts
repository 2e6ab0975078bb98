import { setTimeout as delay } from 'node:timers/promises';

import { asError } from '../../../proton/failure';
import { writeFailure } from '../../store-errors';
import { lockedRowOf, type ConnectionStore, type Write, type WriteResult } from '../../store';
import type { Database } from '../database';
import {
  codeOf,
  isConflict,
  isDuplicate,
  isLocked,
  isLostSession,
  OutcomeUnknown,
  storeErrorOf,
} from '../errors';
import { readFacts } from './facts';
import { decideGroup, type GroupOutcome } from './group';
import { changeQueries, isStatusChange } from './rows';

export interface WriterOptions {
  readonly database: Database;
  /** Called after a commit that changed a connection's status. */
  readonly changed: () => void;
  /** Receives the SQLSTATE, or Node's code, of each error after which a transaction is repeated. */
  readonly retried: (code: string) => void;
}

/** How often a row that must be unique is found to exist, although the facts did not show it, before that counts as a bug. */
const DUPLICATE_ATTEMPTS = 4;
/** A transaction is repeated after a random time up to this, doubled each time, in milliseconds. */
const PAUSE_MS = 4;
const MAX_PAUSE_MS = 100;

/** How long writes of several rows wait for a lock, in milliseconds: a row that is locked for longer must not hold up the others. */
const GROUP_LOCK_MS = 250;
/** The same for each of them, when they are run one by one because one of the rows is locked. */
const SINGLE_LOCK_MS = 50;

interface Limits {
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
  /** How long to wait for a lock, in milliseconds; undefined for as long as a statement may take. */
  readonly lockTimeoutMs: number | undefined;
}

/** Runs writes in one transaction; repeats it while there is time and the reason may be gone. */
export function writerOn({ database, changed, retried }: WriterOptions): ConnectionStore['write'] {
  /** An attempt whose outcome is unknown; undefined when there is none. */
  type InDoubt = GroupOutcome | undefined;

  /** @throws OutcomeUnknown, pg's errors, PostgresStoreError */
  async function attempt(
    writes: readonly Write[],
    { deadline, lockTimeoutMs }: Limits,
    inDoubt: InDoubt,
    decided: (outcome: GroupOutcome) => void,
  ): Promise<readonly WriteResult[]> {
    const outcome = await database.transaction(
      async (session) => {
        const eventsInDoubt = inDoubt?.changes.events.map(({ event }) => event.id) ?? [];
        const facts = await readFacts(session, writes, eventsInDoubt);
        // A transaction is committed as a whole, so one of its events shows that it was.
        if (inDoubt && facts.committed.size > 0) return inDoubt;
        const outcome = decideGroup(writes, facts);
        const queries = changeQueries(outcome.changes);
        decided(outcome);
        await session.commit(queries.map(session.send));
        return outcome;
      },
      // The attempt in doubt may hold the locks. Its outcome must be found out before anything else is tried.
      { deadline, lockTimeoutMs: inDoubt ? undefined : lockTimeoutMs },
    );
    if (outcome.changes.events.some(isStatusChange)) changed();
    return outcome.results;
  }

  async function run(writes: readonly Write[], limits: Limits): Promise<readonly WriteResult[]> {
    let inDoubt: InDoubt;
    let lostSessions = 0;
    for (let attempts = 1; ; attempts += 1) {
      let latest: InDoubt;
      try {
        return await attempt(writes, limits, inDoubt, (outcome) => {
          // Its facts were read under the locks of the attempt in doubt: that one has ended without committing.
          inDoubt = undefined;
          latest = outcome;
        });
      } catch (error) {
        const cause = error instanceof OutcomeUnknown ? error.cause : error;
        if (error instanceof OutcomeUnknown && latest && latest.changes.events.length > 0) inDoubt = latest;
        const isLost = isLostSession(cause);
        if (isLost) lostSessions += 1;
        const isFaultOfOne = storeErrorOf(cause) === undefined && !mayPass(cause, attempts);
        if ((isFaultOfOne || isLocked(cause)) && writes.length > 1 && !inDoubt) {
          retried(codeOf(cause));
          return oneByOne(writes, limits);
        }
        // A server that is away fails fast, unless an outcome must be found out.
        const mayRepeat = isLost ? inDoubt !== undefined || lostSessions === 1 : mayPass(cause, attempts);
        const pause = Math.random() * Math.min(MAX_PAUSE_MS, PAUSE_MS * 2 ** attempts);
        if (!mayRepeat || performance.now() + pause >= limits.deadline) throw cause;
        retried(codeOf(cause));
        await delay(pause);
      }
    }
  }

  /** Whether a repetition may succeed. */
  function mayPass(error: unknown, attempts: number): boolean {
    return isConflict(error) || (isDuplicate(error) && attempts < DUPLICATE_ATTEMPTS);
  }

  /** Where there is a limit for locks, writes that meet it are left to the caller. */
  async function oneByOne(
    writes: readonly Write[],
    { deadline, lockTimeoutMs }: Limits,
  ): Promise<readonly WriteResult[]> {
    const results: WriteResult[] = [];
    const lockedRows = new Set<string>();
    for (const write of writes) {
      const row = lockedRowOf(write);
      try {
        if (lockedRows.has(row)) results.push({ locked: true });
        else
          results.push(...(await run([write], { deadline, lockTimeoutMs: lockTimeoutMs && SINGLE_LOCK_MS })));
      } catch (error) {
        const isLeft = lockTimeoutMs !== undefined && isLocked(error);
        if (isLeft) lockedRows.add(row);
        results.push(isLeft ? { locked: true } : { failure: failureOf(error) });
      }
    }
    return results;
  }

  return async (writes, waitedMs = 0) => {
    const deadline = database.deadline() - waitedMs;
    try {
      const rows = new Set(writes.map(lockedRowOf));
      return await run(writes, { deadline, lockTimeoutMs: rows.size > 1 ? GROUP_LOCK_MS : undefined });
    } catch (error) {
      const failure = failureOf(error);
      // What is wrong with a write alone is that write's result.
      if (writes.length === 1 && storeErrorOf(error) === undefined && !isConflict(error))
        return [{ failure }];
      throw failure;
    }
  };
}

/** A conflict that lasted until the deadline is a store that is not available; any other error of a statement is a bug. */
function failureOf(error: unknown): Error {
  const storeError = storeErrorOf(error);
  if (storeError) return writeFailure(storeError);
  return isConflict(error) ? writeFailure(error) : asError(error);
}
