import { AccountRole, type ConnectionView } from '../connection';
import { ProtonFailure } from '../failure';
import {
  connectionArn,
  connectionIdInArn,
  isAccountId,
  isConnectionId,
  type ConnectionId,
} from '../identifiers';
import type { ConnectionReference } from '../proton-service';
import type { ListSource } from './calls';
import type { Place } from './clients';
import { asError } from './details';
import { inParallel } from './in-parallel';
import { placesToAsk, takeIn, type Work } from './session-parts';

/**
 * Up to so many connections of one account are asked for one by one, all at once; it is also how many calls a request makes at a
 * time. More are looked for in the account's lists first, a hundred to a page. A list is read page by page, so it gets as many
 * pages as the single calls would have taken rounds: reading it never takes longer than not reading it.
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
  // One that could not be asked for is perhaps still there, and may be seen from its other account meanwhile.
  for (const id of missing) if (!search.failures.has(id)) work.homes.delete(id);
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
  const readToTheEnd = await readLists(work, wanted, search);
  const settled = (candidate: Candidate) =>
    !candidate.seen && sourcesOf(candidate).every((source) => readToTheEnd.has(keyOf(source)));
  const calls = [...wanted].flatMap(([id, candidates]) =>
    candidates.filter((candidate) => !settled(candidate)).map((candidate) => ({ id, candidate })),
  );
  const { found, failures } = search;
  await inParallel(calls, CALLS_AT_ONCE, async ({ id, candidate }) => {
    if (found.has(id)) return;
    try {
      const connection = await work.calls.get(candidate, id);
      const visible = connection && takeIn(work, candidate, connection);
      if (visible) found.set(id, visible);
    } catch (failure) {
      failures.set(id, asError(failure));
    }
  });
}

/** Reads the lists that are asked for so much that it pays, and answers which of them it has read to their ends. */
async function readLists(
  work: Work,
  wanted: ReadonlyMap<ConnectionId, readonly Candidate[]>,
  { ids: all, found }: Search,
): Promise<ReadonlySet<string>> {
  const sources = new Map<string, { readonly source: ListSource; readonly ids: Set<ConnectionId> }>();
  for (const [id, candidates] of wanted) {
    for (const source of candidates.flatMap(sourcesOf)) {
      const known = sources.get(keyOf(source));
      if (known) known.ids.add(id);
      else sources.set(keyOf(source), { source, ids: new Set([id]) });
    }
  }
  const readToTheEnd = new Set<string>();
  const worthwhile = [...sources.values()].filter(({ ids }) => ids.size > CALLS_AT_ONCE);
  await inParallel(worthwhile, CALLS_AT_ONCE, async ({ source, ids }) => {
    const mostPages = Math.ceil(ids.size / CALLS_AT_ONCE);
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
      // What a list does not give is asked for one by one, and fails there if it must.
      if (!(failure instanceof ProtonFailure)) throw failure;
    }
  });
  return readToTheEnd;
}

function sourcesOf({ accountId, region, role }: Candidate): readonly ListSource[] {
  const roles = role === null ? Object.values(AccountRole) : [role];
  return roles.map((role) => ({ accountId, region, role, environmentName: null, statuses: null }));
}

function keyOf({ accountId, region, role }: Omit<Candidate, 'seen'>): string {
  return `${accountId} ${region} ${role ?? ''}`;
}

function distinct(candidates: readonly Candidate[]): readonly Candidate[] {
  return [...new Map(candidates.map((candidate) => [keyOf(candidate), candidate])).values()];
}

function idOf(reference: ConnectionReference): ConnectionId | undefined {
  if ('arn' in reference) return connectionIdInArn(reference.arn);
  return isConnectionId(reference.id) ? reference.id : undefined;
}

/** As whom to ask where the connection was seen before: as its environment account, else as its management account. */
function placesRemembered({ homes, askable }: Work, id: ConnectionId): readonly Candidate[] {
  const home = homes.get(id);
  if (!home) return [];
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
