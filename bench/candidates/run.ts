import { inspect } from 'node:util';

import type { Order, Outcome, Start } from './start';

/** Runs candidates in this process: one for each message from the bench. Ends when the bench has ended. */
process.on('message', (order: Order) => void carryOut(order));
process.once('disconnect', () => process.exit());

async function carryOut({ order, candidate, environment }: Order): Promise<void> {
  let outcome: Outcome;
  try {
    const { start } = (await import(`./${candidate}.js`)) as { readonly start: Start };
    outcome = { order, served: await start(environment) };
  } catch (error) {
    outcome = { order, error: inspect(error) };
  }
  process.send?.(outcome);
}
