import type { ConnectionView } from '../../proton/connection';
import { asError } from '../../proton/failure';
import {
  connectionIdOf,
  refersTo,
  type ConnectionId,
  type ConnectionReference,
} from '../../proton/identifiers';
import { admit, MAX_CONCURRENT_CALLS, searchTargets, type SessionScope } from '../session-scope';
import { inParallel } from '../transport/deadline';
import {
  candidatesInArn,
  knownCandidates,
  listsOf,
  roleKey,
  targetKey,
  uniqueCandidates,
  type Candidate,
} from './candidates';
import { searchLists } from './search-lists';

/** The state of a search. */
interface Search {
  readonly ids: ReadonlySet<ConnectionId>;
  readonly found: Map<ConnectionId, ConnectionView>;
  /** The errors of ids that may be at a candidate that could not be called. They don't matter if the connection is found elsewhere. */
  readonly failures: Map<ConnectionId, Error>;
}

/**
 * Finds connections by id or ARN, each once, and returns them in the order of the references: undefined if the viewer can see no
 * such connection, an error if it may be in an account and Region that could not be called.
 */
export async function findConnections(
  scope: SessionScope,
  references: readonly ConnectionReference[],
): Promise<readonly (ConnectionView | undefined | Error)[]> {
  const ids = references.map(connectionIdOf);
  const search: Search = {
    ids: new Set(ids.filter((id) => id !== undefined)),
    found: new Map(),
    failures: new Map(),
  };
  const likely = new Map<ConnectionId, readonly Candidate[]>();
  const givenById = new Set<ConnectionId>();
  references.forEach((reference, index) => {
    const id = ids[index];
    if (id === undefined) return;
    const candidates =
      'arn' in reference ? candidatesInArn(scope, reference.arn) : knownCandidates(scope, id);
    likely.set(id, uniqueCandidates([...(likely.get(id) ?? []), ...candidates]));
    if ('id' in reference) givenById.add(id);
  });

  await lookUp(scope, likely, search);

  // An ARN contains the place of its connection, so search everywhere only for ids, and for ARNs whose place could not be called.
  const missing = [...search.ids].filter(
    (id) => !search.found.has(id) && (givenById.has(id) || search.failures.has(id)),
  );
  // Forget the location of a connection that is no longer there. Keep it if the call failed, or if nothing was called because this
  // viewer may not see the connection.
  for (const id of missing) {
    if (likely.get(id)?.length && !search.failures.has(id)) scope.knownLocations.delete(id);
  }
  const everywhere = searchTargets(scope).map((target) => ({ ...target, role: null, seen: false }));
  await lookUp(scope, new Map(missing.map((id) => [id, everywhere])), search);

  return references.map((reference, index) => {
    const id = ids[index];
    if (id === undefined) return undefined;
    const connection = search.found.get(id);
    if (!connection) return search.failures.get(id);
    return refersTo(reference, connection) ? connection : undefined;
  });
}

/** Looks for connections at their candidates: first in lists, if that takes fewer calls, then one by one. */
async function lookUp(
  scope: SessionScope,
  wanted: ReadonlyMap<ConnectionId, readonly Candidate[]>,
  search: Search,
): Promise<void> {
  const { found, failures } = search;
  const { complete, failed } = await searchLists(scope, wanted, search);
  const isRuledOut = (candidate: Candidate) =>
    !candidate.seen && listsOf(candidate).every((source) => complete.has(roleKey(source)));
  const gets = [...wanted].flatMap(([id, candidates]) =>
    found.has(id)
      ? []
      : candidates
          .filter((candidate) => !isRuledOut(candidate))
          .map((candidate) => ({ id, candidate, listFailure: failed.get(targetKey(candidate)) })),
  );
  let aborted: Error | undefined;
  await inParallel(gets, MAX_CONCURRENT_CALLS, async ({ id, candidate, listFailure }) => {
    if (found.has(id)) return;
    // If the list could not be read, a get would fail too.
    const knownFailure = listFailure ?? aborted;
    if (knownFailure) {
      failures.set(id, knownFailure);
      return;
    }
    try {
      const connection = await scope.calls.get(candidate, id);
      const visible = connection && admit(scope, candidate, connection);
      if (visible) found.set(id, visible);
    } catch (thrown) {
      const error = asError(thrown);
      failures.set(id, error);
      // All remaining gets would fail with this error, of which there may be thousands.
      if (scope.signal.aborted) aborted = error;
    }
  });
}
