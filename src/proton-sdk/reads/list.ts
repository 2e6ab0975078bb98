import type { ConnectionView } from '../../proton/connection';
import {
  connectionCursors,
  normalizeSelection,
  type ConnectionListRequest,
  type ConnectionPosition,
  type NormalizedSelection,
} from '../../proton/connection-list';
import { DEFAULT_PAGE_SIZE, pageOf, parsePageRequest, type Page } from '../../proton/page';
import type { Calls, ListSource } from '../calls';
import { asError } from './details';
import { createListMarks, type ListMarks } from './page-tokens';
import { byPosition, createListReader, OutOfOrder, type ListReader } from './list-reader';
import { isSelected, sourcesFor } from './list-sources';
import { createRecent, type Recent } from '../recent';
import { takeIn, type Work } from '../session-scope';

/** What is known of the endpoint's lists, over all requests. */
export interface ListKnowledge {
  readonly marks: ListMarks;
  /** The lists that were seen not to run from the newest request to the oldest. */
  readonly unordered: Recent<string, true>;
}

const MOST_UNORDERED = 500;

export function createListKnowledge(): ListKnowledge {
  return { marks: createListMarks(), unordered: createRecent(MOST_UNORDERED) };
}

/**
 * Pages of lists, each answered or failed at its own place. Lists that several of them are made of are read once for all, which
 * is why they all begin with pages of one size.
 */
export async function listConnections(
  { calls, ...work }: Work,
  knowledge: ListKnowledge,
  requests: readonly ConnectionListRequest[],
): Promise<readonly (Page<ConnectionView> | Error)[]> {
  const sharing = { ...work, calls: readingEachPageOnce(calls) };
  const likely = 1 + Math.max(0, ...requests.map(({ first }) => first ?? DEFAULT_PAGE_SIZE));
  return Promise.all(requests.map((request) => listOne(sharing, knowledge, request, likely).catch(asError)));
}

function readingEachPageOnce(calls: Calls): Calls {
  const pages = new Map<string, ReturnType<Calls['list']>>();
  return {
    ...calls,
    list(source, step, refusals) {
      const key = JSON.stringify([source, step]);
      const known = pages.get(key);
      if (known) return known;
      const page = calls.list(source, step, refusals);
      pages.set(key, page);
      return page;
    },
  };
}

/**
 * One page over many lists, merged in the port's order, with one cursor for the lot: a position, which every list is read from.
 * Reading it takes one or two calls for each list, all lists at once, however far down it is, as long as it is remembered where
 * their pages begin; where that is forgotten the lists are read from their beginnings, and the page is the same.
 *
 * @throws ProtonFailure `VALIDATION_ERROR` for a page size or cursor that is none
 */
async function listOne(
  work: Work,
  knowledge: ListKnowledge,
  request: ConnectionListRequest,
  likely: number,
): Promise<Page<ConnectionView>> {
  const selection = normalizeSelection(request);
  const cursors = connectionCursors(selection);
  const page = parsePageRequest(request, cursors);
  // One more than the page holds tells whether there is a next page.
  const query = { selection, after: page.after, limit: page.size + 1, likely };
  return pageOf(await readMerged(work, knowledge, query), page, cursors);
}

interface ListQuery {
  readonly selection: NormalizedSelection;
  readonly after: ConnectionPosition | undefined;
  readonly limit: number;
  /** How many the first page of a list is to hold. */
  readonly likely: number;
}

async function readMerged(
  work: Work,
  knowledge: ListKnowledge,
  query: ListQuery,
): Promise<readonly ConnectionView[]> {
  for (;;) {
    try {
      return await merge(readersFor(work, knowledge, query), query.limit);
    } catch (error) {
      if (!(error instanceof OutOfOrder)) throw error;
      // It has an order of its own: all of it must be read before it is known what comes first. The others stay as they are.
      knowledge.unordered.set(keyOf(error.source), true);
    }
  }
}

function readersFor(
  work: Work,
  { marks, unordered }: ListKnowledge,
  { selection, after, likely }: ListQuery,
): readonly ListReader[] {
  return sourcesFor(selection, work).map((source) =>
    createListReader({
      calls: work.calls,
      marks,
      source,
      after,
      likely,
      shows: (connection) =>
        takeIn(work, source, connection) !== undefined && isSelected(connection, selection),
      whole: unordered.get(keyOf(source)) ?? false,
    }),
  );
}

function keyOf({ accountId, region, role }: ListSource): string {
  return `${accountId} ${region} ${role}`;
}

/** Takes the first of many ordered lists, each once: a connection lies in the lists of both its accounts. */
async function merge(readers: readonly ListReader[], limit: number): Promise<readonly ConnectionView[]> {
  const merged: ConnectionView[] = [];
  while (merged.length < limit) {
    // What comes next is known when every list shows its next, so those that don't read on together.
    await Promise.all(readers.filter(({ ready }) => ready.length === 0).map((reader) => reader.fill()));
    const open = readers.filter((reader) => !reader.exhausted());
    if (open.length === 0) break;
    while (merged.length < limit && open.every(({ ready }) => ready.length > 0)) {
      const first = open.reduce((a, b) => (comesFirst(b, a) ? b : a)).ready.shift();
      if (first && first.id !== merged.at(-1)?.id) merged.push(first);
    }
  }
  return merged;
}

function comesFirst({ ready: [a] }: ListReader, { ready: [b] }: ListReader): boolean {
  return a !== undefined && (b === undefined || byPosition(a, b) < 0);
}
