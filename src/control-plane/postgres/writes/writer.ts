import { setTimeout as delay } from 'node:timers/promises';

import { asError } from '../../../proton/failure';
import { writeFailure } from '../../store-errors';
import type { ConnectionStore, Write, WriteResult } from '../../store';
import type { Database } from '../database';
import { codeOf, isConflict, isDuplicate, isLostSession, OutcomeUnknown, storeErrorOf } from '../errors';
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

/** Runs writes in one transaction; repeats it while there is time and the reason may be gone. */
export function writerOn({ database, changed, retried }: WriterOptions): ConnectionStore['write'] {
  /** An attempt whose outcome is unknown; undefined when there is none. */
  type InDoubt = GroupOutcome | undefined;

  /** @throws OutcomeUnknown, pg's errors, PostgresStoreError */
  async function attempt(
    writes: readonly Write[],
    deadline: number,
    inDoubt: InDoubt,
    decided: (outcome: GroupOutcome) => void,
  ): Promise<readonly WriteResult[]> {
    const outcome = await database.transaction(
      async (session) => {
        const doubtful = inDoubt?.changes.events.map(({ event }) => event.id) ?? [];
        const facts = await readFacts(session, writes, doubtful);
        // A transaction is committed as a whole, so one of its events shows that it was.
        if (inDoubt && facts.committed.size > 0) return inDoubt;
        const outcome = decideGroup(writes, facts);
        const queries = changeQueries(outcome.changes);
        decided(outcome);
        await session.commit(queries.map(session.send));
        return outcome;
      },
      { deadline },
    );
    if (outcome.changes.events.some(isStatusChange)) changed();
    return outcome.results;
  }

  async function run(writes: readonly Write[], deadline: number): Promise<readonly WriteResult[]> {
    let inDoubt: InDoubt;
    let lostSessions = 0;
    for (let attempts = 1; ; attempts += 1) {
      let latest: InDoubt;
      try {
        return await attempt(writes, deadline, inDoubt, (outcome) => {
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
        if (isFaultOfOne && writes.length > 1 && !inDoubt) return oneByOne(writes, deadline);
        // A server that is away fails fast, unless an outcome must be found out.
        const mayRepeat = isLost ? inDoubt !== undefined || lostSessions === 1 : mayPass(cause, attempts);
        const pause = Math.random() * Math.min(MAX_PAUSE_MS, PAUSE_MS * 2 ** attempts);
        if (!mayRepeat || performance.now() + pause >= deadline) throw cause;
        retried(codeOf(cause));
        await delay(pause);
      }
    }
  }

  /** Whether a repetition may succeed. */
  function mayPass(error: unknown, attempts: number): boolean {
    return isConflict(error) || (isDuplicate(error) && attempts < DUPLICATE_ATTEMPTS);
  }

  async function oneByOne(writes: readonly Write[], deadline: number): Promise<readonly WriteResult[]> {
    const results: WriteResult[] = [];
    for (const write of writes) {
      const result = await run([write], deadline).catch((error: unknown) => [{ failure: failureOf(error) }]);
      results.push(...result);
    }
    return results;
  }

  return async (writes, waitedMs = 0) => {
    const deadline = database.deadline() - waitedMs;
    try {
      return await run(writes, deadline);
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
