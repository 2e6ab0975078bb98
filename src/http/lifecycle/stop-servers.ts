import { setTimeout as wait } from 'node:timers/promises';

import type { ServerLifecycle } from './server-lifecycle';

/**
 * Stops servers together.
 * @param delayMs for which they go on taking whoever comes, in milliseconds, so that whoever sends clients here can find out that
 * it should not
 * @returns how many requests were cut
 */
export async function stopServers(
  servers: readonly Pick<ServerLifecycle, 'drain' | 'stop'>[],
  delayMs: number,
): Promise<number> {
  for (const server of servers) server.drain();
  if (delayMs > 0) await wait(delayMs);
  const cuts = await Promise.all(servers.map((server) => server.stop()));
  return cuts.reduce((sum, cut) => sum + cut, 0);
}
