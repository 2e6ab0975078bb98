import { setTimeout as delay } from 'node:timers/promises';

import { isConflict } from './errors';

/** How often a transaction is tried when others are in its way. */
const ATTEMPTS = 10;
/** A transaction is repeated after a random time up to this, in milliseconds. */
const PAUSE_MS = 20;

/** Repeats a transaction while others are in its way. @throws the last conflict, and any other error */
export async function repeatingConflicts<Result>(transaction: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction();
    } catch (error) {
      if (!isConflict(error) || attempt === ATTEMPTS) throw error;
      await delay(Math.random() * PAUSE_MS);
    }
  }
}
