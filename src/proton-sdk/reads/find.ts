import { AccountRole, type ConnectionView } from '../../proton/connection';
import {
  connectionArn,
  connectionIdInArn,
  isAccountId,
  isConnectionId,
  type ConnectionReference,
  type ConnectionId,
} from '../../proton/identifiers';
import { maySee } from '../../proton/viewer';
import type { ListSource } from '../calls';
import type { Place } from '../transport/clients';
import { asError } from './details';
import { inParallel } from '../transport/concurrency';
import { placesToAsk, takeIn, type Work } from '../session-scope';

/**
 * Calls that a request makes at a time. When no more than that are needed to ask for each connection by itself, they are made, all at
 * once. Else the lists of the places where they may be are read first, wherever that takes fewer calls: page by page, with as many
 * pages at most as the single calls would have taken rounds, so that reading them takes neither more calls nor more time.
 */
export const CALLS_AT_ONCE = 16;

const LIST_PAGE = 100;

/** What is looked for, and what of it was found, wherever that was. */
interface Search {
  readonly ids: ReadonlySet<ConnectionId>;
  readonly found: Map<ConnectionId, ConnectionView>;
  /** Of what may be where nobody could be asked; what was found all the same is not concerned. */
  readonly failures: Map<ConnectionId, Error>;
}

/** Where a connection may be. */
interface Candidate extends Place {
  /** What part the account plays in it; null where that is not known. */
  readonly role: AccountRole | null;
  /**
   * Whether it was seen there. A list that does not show it, perhaps not yet, is then not the last word. For what was never seen
   * it is: else whoever sends a thousand made-up ids had us make a thousand calls in every account.
   */
  readonly seen: boolean;
}

/**
 * Finds connections by id or ARN, each once, and answers at their places: undefined for what the viewer does not see, the failure
 * for what may be in a place that could not be asked.
 */
export async function findConnections(
  work: Work,
  references: readonly ConnectionReference[],
): Promise<readonly (ConnectionView | undefined | Error)[]> {
  const ids = references.map(idOf);
  const search: Search = {
    ids: new Set(ids.filter((id) => id !== undefined)),
    found: new Map(),
    failures: new Map(),
  };
  const likely = new Map<ConnectionId, readonly Candidate[]>();
  const searchable = new Set<ConnectionId>();
  references.forEach((reference, index) => {
    const id = ids[index];
    if (id === undefined) return;
    const places = 'arn' in reference ? placesNamedBy(work, reference.arn) : placesRemembered(work, id);
    likely.set(id, distinct([...(likely.get(id) ?? []), ...places]));
    // An ARN names one place: unless that can't be asked, only who asks by the id alone wants it searched for.
    if ('id' in reference) searchable.add(id);
  });

  await lookUp(work, likely, search);

  const missing = [...search.ids].filter(
    (id) => !search.found.has(id) && (searchable.has(id) || search.failures.has(id)),
  );
  // One that could not be asked for is perhaps still there, and may be seen from its other account meanwhile; and a viewer who
  // may not ask where it was seen has learnt nothing of it.
  for (const id of missing) {
    if (likely.get(id)?.length && !search.failures.has(id)) work.homes.delete(id);
  }
  const everywhere = placesToAsk(work).map((place) => ({ ...place, role: null, seen: false }));
  await lookUp(work, new Map(missing.map((id) => [id, everywhere])), search);

  return references.map((reference, index) => {
    const id = ids[index];
    const connection = id === undefined ? undefined : search.found.get(id);
    if (!connection) return id === undefined ? undefined : search.failures.get(id);
    // An ARN with the right id may still be another's: wrong Region, account or partition.
    const named = !('arn' in reference) || connectionArn(connection) === reference.arn;
    return named ? connection : undefined;
  });
}

/** Looks for connections where they may be: in lists, where that is cheaper, and then one by one. */
async function lookUp(
  work: Work,
  wanted: ReadonlyMap<ConnectionId, readonly Candidate[]>,
  search: Search,
): Promise<void> {
  const { found, failures } = search;
  const { readToTheEnd, failed } = await readLists(work, wanted, search);
  const settled = (candidate: Candidate) =>
    !candidate.seen && sourcesOf(candidate).every((source) => readToTheEnd.has(keyOf(source)));
  const calls = [...wanted].flatMap(([id, candidates]) =>
    found.has(id)
      ? []
      : candidates
          .filter((candidate) => !settled(candidate))
          .map((candidate) => ({ id, candidate, failure: failed.get(placeKeyOf(candidate)) })),
  );
  let ended: Error | undefined;
  await inParallel(calls, CALLS_AT_ONCE, async ({ id, candidate, failure }) => {
    if (found.has(id)) return;
    // Whoever would not show a list will not show what is in it either.
    const known = failure ?? ended;
    if (known) {
      failures.set(id, known);
      return;
    }
    try {
      const connection = await work.calls.get(candidate, id);
      const visible = connection && takeIn(work, candidate, connection);
      if (visible) found.set(id, visible);
    } catch (thrown) {
      const error = asError(thrown);
      failures.set(id, error);
      // For thousands that are still to be asked for, one failure will do.
      if (work.signal.aborted) ended = error;
    }
  });
}

/** The lists of one place, with what is looked for there. */
interface ListedPlace {
  readonly sources: readonly ListSource[];
  readonly ids: Set<ConnectionId>;
}

/** Reads the lists that pay, and answers which it has read to their ends, and which places would not show theirs. */
async function readLists(
  work: Work,
  wanted: ReadonlyMap<ConnectionId, readonly Candidate[]>,
  { ids: all, found }: Search,
): Promise<{ readonly readToTheEnd: ReadonlySet<string>; readonly failed: ReadonlyMap<string, Error> }> {
  const places = new Map<string, ListedPlace>();
  let singleCalls = 0;
  for (const [id, candidates] of wanted) {
    singleCalls += candidates.length;
    for (const candidate of candidates) {
      const place = places.get(keyOf(candidate)) ?? { sources: sourcesOf(candidate), ids: new Set() };
      places.set(keyOf(candidate), place);
      place.ids.add(id);
    }
  }
  const readToTheEnd = new Set<string>();
  const failed = new Map<string, Error>();
  if (singleCalls <= CALLS_AT_ONCE) return { readToTheEnd, failed };

  const rounds = Math.ceil(singleCalls / CALLS_AT_ONCE);
  const reads = [...places.values()].flatMap(({ sources, ids }) => {
    const mostPages = Math.min(rounds, Math.floor(ids.size / sources.length));
    return mostPages === 0 ? [] : sources.map((source) => ({ source, ids, mostPages }));
  });
  await inParallel(reads, CALLS_AT_ONCE, async ({ source, ids, mostPages }) => {
    let nextToken: string | undefined;
    try {
      for (let page = 0; page < mostPages; page += 1) {
        const answer = await work.calls.list(source, { maxResults: LIST_PAGE, nextToken });
        for (const connection of answer.items) {
          const visible = takeIn(work, source, connection);
          if (visible && all.has(visible.id)) found.set(visible.id, visible);
        }
        nextToken = answer.nextToken;
        if (nextToken === undefined) readToTheEnd.add(keyOf(source));
        if (nextToken === undefined || [...ids].every((id) => found.has(id))) break;
      }
    } catch (failure) {
      failed.set(placeKeyOf(source), asError(failure));
    }
  });
  return { readToTheEnd, failed };
}

function sourcesOf({ accountId, region, role }: Candidate): readonly ListSource[] {
  const roles = role === null ? Object.values(AccountRole) : [role];
  return roles.map((role) => ({ accountId, region, role, environmentName: null, statuses: null }));
}

function keyOf({ accountId, region, role }: Omit<Candidate, 'seen'>): string {
  return `${accountId} ${region} ${role ?? ''}`;
}

function placeKeyOf({ accountId, region }: Place): string {
  return `${accountId} ${region}`;
}

function distinct(candidates: readonly Candidate[]): readonly Candidate[] {
  return [...new Map(candidates.map((candidate) => [keyOf(candidate), candidate])).values()];
}

function idOf(reference: ConnectionReference): ConnectionId | undefined {
  if ('arn' in reference) return connectionIdInArn(reference.arn);
  return isConnectionId(reference.id) ? reference.id : undefined;
}

/**
 * As whom to ask where the connection was seen before: as its environment account, else as its management account. For a viewer who
 * may not see it nothing is remembered, so that it takes the calls that an unknown id takes.
 */
function placesRemembered({ homes, askable, viewer }: Work, id: ConnectionId): readonly Candidate[] {
  const home = homes.get(id);
  if (!home || !maySee(viewer, home)) return [];
  const { region, environmentAccountId, managementAccountId } = home;
  if (askable.has(environmentAccountId)) {
    return [{ accountId: environmentAccountId, region, role: 'ENVIRONMENT_ACCOUNT', seen: true }];
  }
  return askable.has(managementAccountId)
    ? [{ accountId: managementAccountId, region, role: 'MANAGEMENT_ACCOUNT', seen: true }]
    : [];
}

/** An ARN names the Region and the environment account; if that can't be asked, the management account may be any that can. */
function placesNamedBy({ askable, regions }: Work, arn: string): readonly Candidate[] {
  const [, , , regionName, environmentAccountId = ''] = arn.split(':');
  const region = regions.find((known) => known === regionName);
  if (region === undefined) return [];
  if (isAccountId(environmentAccountId) && askable.has(environmentAccountId)) {
    return [{ accountId: environmentAccountId, region, role: 'ENVIRONMENT_ACCOUNT', seen: false }];
  }
  return [...askable].map((accountId) => ({ accountId, region, role: 'MANAGEMENT_ACCOUNT', seen: false }));
}
