import type { ConnectionView } from '../proton/connection';
import type { ConnectionId } from '../proton/identifiers';
import { createRecent, type Recent } from './recent';

/** Where a connection lives and whose it is: what never changes about it. */
export type Home = Pick<ConnectionView, 'region' | 'environmentAccountId' | 'managementAccountId'>;

/** About 3 MB, and more connections than most will ever have. */
const MOST_HOMES = 20_000;

/**
 * Where connections were seen, over all requests, so that an id need not be searched for again. It tells where to ask and nothing
 * else: whether the viewer may see what is found there is judged on that.
 */
export type Homes = Recent<ConnectionId, Home>;

export function createHomes(): Homes {
  return createRecent(MOST_HOMES);
}

export function homeOf({ region, environmentAccountId, managementAccountId }: ConnectionView): Home {
  return { region, environmentAccountId, managementAccountId };
}
