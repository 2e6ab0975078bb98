import { AccountRole, type ConnectionView } from '../../proton/connection';
import { asError } from '../../proton/failure';
import type { AccountId, ConnectionId, Region } from '../../proton/identifiers';
import { MAX_PAGE_SIZE } from '../../proton/page';
import { createCallRunner, type CallDependencies } from '../call-runner';
import { Calls, type ListSource } from '../calls';
import { repeatedPageToken } from '../error-mapping';
import { locationOf, MAX_CONCURRENT_CALLS, type KnownLocations } from '../session-scope';
import { createConcurrencyLimit, createDeadline, inParallel } from '../transport/deadline';

/** What a look needs of the adapter. */
export interface LookOptions extends Omit<CallDependencies, 'limit'> {
  readonly regions: readonly Region[];
  /** For all calls that read one list. */
  readonly timeoutMs: number;
  readonly knownLocations: KnownLocations;
}

/** A connection that a list had, and has no more. */
export interface MissingConnection {
  readonly source: ListSource;
  readonly id: ConnectionId;
}

/** A list as it was read: the connections in which an account has a role, in one Region. */
export interface ReadList {
  readonly source: ListSource;
  /** The connections, or why they could not be read. */
  readonly result: ReadonlyMap<ConnectionId, ConnectionView> | Error;
}

/** Reads Proton's lists from beginning to end. */
export interface Looks {
  /**
   * Reads all lists of these accounts. An aborted look ends early, with errors.
   * @param resting accounts whose lists are not read, and the result of those
   */
  readonly readLists: (
    accounts: Iterable<AccountId>,
    resting: ReadonlyMap<AccountId, Error>,
    signal: AbortSignal,
  ) => Promise<readonly ReadList[]>;
  /** Returns those of the connections that no longer exist, as far as Proton says so. */
  readonly findGone: (
    missing: readonly MissingConnection[],
    signal: AbortSignal,
  ) => Promise<ReadonlySet<ConnectionId>>;
}

export function createLooks({ regions, timeoutMs, knownLocations, ...dependencies }: LookOptions): Looks {
  const limit = createConcurrencyLimit(MAX_CONCURRENT_CALLS);

  /** Runs calls that share a deadline. */
  function within<Value>(signal: AbortSignal, work: (calls: Calls) => Promise<Value>): Promise<Value> {
    return createDeadline(timeoutMs, signal).within((callSignal) =>
      work(new Calls(createCallRunner({ ...dependencies, limit }, callSignal))),
    );
  }

  async function readList(
    calls: Calls,
    source: ListSource,
  ): Promise<ReadonlyMap<ConnectionId, ConnectionView>> {
    const read = new Map<ConnectionId, ConnectionView>();
    let nextToken: string | undefined;
    do {
      const page = await calls.list(source, { maxResults: MAX_PAGE_SIZE, nextToken });
      if (page.nextToken !== undefined && page.nextToken === nextToken) throw repeatedPageToken();
      for (const connection of page.items) {
        read.set(connection.id, connection);
        knownLocations.set(connection.id, locationOf(connection));
      }
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return read;
  }

  return {
    async readLists(accounts, resting, signal) {
      const sources = [...accounts].flatMap((accountId) => sourcesOf(accountId, regions));
      const lists: ReadList[] = [];
      await inParallel(sources, MAX_CONCURRENT_CALLS, async (source) => {
        const result =
          resting.get(source.accountId) ??
          (await within(signal, (calls) => readList(calls, source)).catch(asError));
        lists.push({ source, result });
      });
      return lists;
    },
    async findGone(missing, signal) {
      const gone = new Set<ConnectionId>();
      await inParallel(missing, MAX_CONCURRENT_CALLS, async ({ source, id }) => {
        const found = await within(signal, (calls) => calls.get(source, id)).catch(asError);
        if (found === undefined) gone.add(id);
      });
      return gone;
    },
  };
}

function sourcesOf(accountId: AccountId, regions: readonly Region[]): readonly ListSource[] {
  return regions.flatMap((region) =>
    Object.values(AccountRole).map((role) => ({
      accountId,
      region,
      role,
      environmentName: null,
      statuses: null,
    })),
  );
}
