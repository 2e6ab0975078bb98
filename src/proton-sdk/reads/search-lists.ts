import type { ConnectionView } from '../../proton/connection';
import { asError } from '../../proton/failure';
import type { ConnectionId } from '../../proton/identifiers';
import { MAX_PAGE_SIZE } from '../../proton/page';
import type { ListSource } from '../calls';
import { admit, MAX_CONCURRENT_CALLS, type SessionScope } from '../session-scope';
import { inParallel } from '../transport/deadline';
import { listsOf, roleKey, targetKey, type Candidate } from './candidates';

export interface SearchedLists {
  /** Role keys of the lists that were read to the end. */
  readonly complete: ReadonlySet<string>;
  /** By target key: the error of the targets whose lists could not be read. */
  readonly failed: ReadonlyMap<string, Error>;
}

/** The lists that several connections may be in. */
interface ListGroup {
  readonly sources: readonly ListSource[];
  readonly ids: Set<ConnectionId>;
}

/**
 * Reads lists to find connections, if that takes fewer calls than to get each connection by its id.
 *
 * If the gets fit into one round of concurrent calls, no list is read. Otherwise a list is read page by page, with at most as many
 * pages as the gets would take rounds, and as it has ids to find: reading lists never takes more calls or more time.
 *
 * @param wanted the ids to find, with the candidates of each
 * @param found receives the connections
 */
export async function searchLists(
  scope: SessionScope,
  wanted: ReadonlyMap<ConnectionId, readonly Candidate[]>,
  {
    ids: allIds,
    found,
  }: {
    readonly ids: ReadonlySet<ConnectionId>;
    readonly found: Map<ConnectionId, ConnectionView>;
  },
): Promise<SearchedLists> {
  const groups = new Map<string, ListGroup>();
  let gets = 0;
  for (const [id, candidates] of wanted) {
    gets += candidates.length;
    for (const candidate of candidates) {
      const key = roleKey(candidate);
      const group = groups.get(key) ?? { sources: listsOf(candidate), ids: new Set() };
      groups.set(key, group);
      group.ids.add(id);
    }
  }
  const complete = new Set<string>();
  const failed = new Map<string, Error>();
  if (gets <= MAX_CONCURRENT_CALLS) return { complete, failed };

  const rounds = Math.ceil(gets / MAX_CONCURRENT_CALLS);
  const reads = [...groups.values()].flatMap(({ sources, ids }) => {
    const maxPages = Math.min(rounds, Math.floor(ids.size / sources.length));
    return maxPages === 0 ? [] : sources.map((source) => ({ source, ids, maxPages }));
  });
  await inParallel(reads, MAX_CONCURRENT_CALLS, async ({ source, ids, maxPages }) => {
    let nextToken: string | undefined;
    try {
      for (let page = 0; page < maxPages; page += 1) {
        const { items, nextToken: token } = await scope.calls.list(source, {
          maxResults: MAX_PAGE_SIZE,
          nextToken,
        });
        for (const connection of items) {
          const visible = admit(scope, source, connection);
          if (visible && allIds.has(visible.id)) found.set(visible.id, visible);
        }
        nextToken = token;
        if (nextToken === undefined) complete.add(roleKey(source));
        if (nextToken === undefined || [...ids].every((id) => found.has(id))) break;
      }
    } catch (error) {
      failed.set(targetKey(source), asError(error));
    }
  });
  return { complete, failed };
}
