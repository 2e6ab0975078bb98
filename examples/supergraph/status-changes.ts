import { z } from 'zod';

import { STATUS_CHANGES } from './operations';
import { readResults } from './server-sent-events';

const account = z.object({ name: z.string().nullable() });

const result = z.object({
  data: z.object({
    environmentAccountConnectionStatusChanged: z.object({
      previousStatus: z.string().nullable(),
      status: z.string().nullable(),
      connection: z.object({
        environmentName: z.string(),
        managementAccount: account,
        environmentAccount: account.extend({ ownerTeam: z.string().nullable() }),
      }),
    }),
  }),
});

/**
 * Subscribes through the gateway to every change of a connection's status, and prints a line for each, with names from the accounts
 * subgraph. Resolves when the signal is aborted or the subscription ends.
 */
export async function printStatusChanges(
  gateway: string,
  signal: AbortSignal,
  print: (line: string) => void,
): Promise<void> {
  try {
    const response = await fetch(gateway, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: STATUS_CHANGES }),
      signal,
    });
    for await (const change of readResults(response)) print(lineOf(change));
  } catch (error) {
    if (!signal.aborted) print(`The live query ended: ${String(error)}`);
  }
}

function lineOf(change: unknown): string {
  const parsed = result.safeParse(change);
  // With authentication on, the example's own live query has no token.
  if (!parsed.success) return `The live query: ${JSON.stringify(change)}`;
  const { previousStatus, status, connection } = parsed.data.data.environmentAccountConnectionStatusChanged;
  const { environmentName, managementAccount, environmentAccount } = connection;
  return (
    `${environmentName}: ${previousStatus ?? 'new'} → ${status ?? 'deleted'}, in ${environmentAccount.name ?? '?'} ` +
    `of ${environmentAccount.ownerTeam ?? '?'}, provisioned from ${managementAccount.name ?? '?'}`
  );
}
