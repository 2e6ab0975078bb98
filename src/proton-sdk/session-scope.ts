import type { ConnectionView } from '../proton/connection';
import type { AccountId, ConnectionId, Region } from '../proton/identifiers';
import { maySee, readableAccounts, type Viewer } from '../proton/viewer';
import type { Calls } from './calls';
import type { Place } from './transport/clients';
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

/** What the parts of a session share while they work. */
export interface Work {
  readonly calls: Calls;
  /** Aborted when the request's time is up, or nobody waits. */
  readonly signal: AbortSignal;
  readonly viewer: Viewer;
  /** The accounts that are asked for this viewer; there are credentials for each. */
  readonly askable: ReadonlySet<AccountId>;
  readonly regions: readonly Region[];
  readonly homes: Homes;
}

/**
 * The accounts that hold between them every connection that the viewer may see, of those that there are credentials for: the ones
 * that they may read; but where they may read one without credentials, its connections lie with their other accounts, which may be
 * any. What is found there is shown to whoever may see it, and to nobody else.
 */
export function askableAccounts(viewer: Viewer, accounts: readonly AccountId[]): ReadonlySet<AccountId> {
  const readable = readableAccounts(viewer);
  if (readable === 'every' || readable.some((account) => !accounts.includes(account)))
    return new Set(accounts);
  return new Set(accounts.filter((account) => readable.includes(account)));
}

/** Everywhere that something may be found for this viewer. */
export function placesToAsk({ askable, regions }: Pick<Work, 'askable' | 'regions'>): readonly Place[] {
  return [...askable].flatMap((accountId) => regions.map((region) => ({ accountId, region })));
}

/**
 * Takes in what an account was shown: notes where it lives, and passes it on if the viewer may see it.
 * @throws Error when it is none of the account's, so that the credentials must be another's
 */
export function takeIn(
  { viewer, homes }: Pick<Work, 'viewer' | 'homes'>,
  { accountId }: Place,
  connection: ConnectionView,
): ConnectionView | undefined {
  if (connection.environmentAccountId !== accountId && connection.managementAccountId !== accountId) {
    throw new Error(
      `asked as the account ${accountId}, Proton showed a connection of ${connection.environmentAccountId} and ` +
        `${connection.managementAccountId}: these are not that account's credentials`,
    );
  }
  homes.set(connection.id, homeOf(connection));
  return maySee(viewer, connection) ? connection : undefined;
}
