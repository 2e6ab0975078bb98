import type { ConnectionView } from '../connection';
import {
  connectionCursors,
  normalSelection,
  type ConnectionListRequest,
  type ConnectionPosition,
  type NormalSelection,
} from '../connection-list';
import { pageOf, parsePageRequest, type Page } from '../page';
import type { ListMarks } from './list-marks';
import { byPosition, createListReader, OutOfOrder, type ListReader } from './list-reader';
import { isSelected, sourcesFor } from './list-sources';
import { takeIn, type Work } from './session-parts';

/** What is known of the endpoint's lists, over all requests. */
export interface ListKnowledge {
  readonly marks: ListMarks;
  /** Whether lists run from the newest request to the oldest, as far as was seen. */
  newestFirst: boolean;
}

/**
 * One page over many lists, merged in the port's order, with one cursor for the lot: a position, which every list is read from.
 * Reading it takes one or two calls for each list, all lists at once, however far down it is, as long as it is remembered where
 * their pages begin; where that is forgotten the lists are read from their beginnings, and the page is the same.
 *
 * @throws ProtonFailure `VALIDATION_ERROR` for a page size or cursor that is none
 */
export async function listConnections(
  work: Work,
  knowledge: ListKnowledge,
  request: ConnectionListRequest,
): Promise<Page<ConnectionView>> {
  const selection = normalSelection(request);
  const cursors = connectionCursors(selection);
  const page = parsePageRequest(request, cursors);
  // One more than the page holds tells whether there is a next page.
  const query = { selection, after: page.after, limit: page.size + 1 };
  return pageOf(await readMerged(work, knowledge, query), page, cursors);
}

interface ListQuery {
  readonly selection: NormalSelection;
  readonly after: ConnectionPosition | undefined;
  readonly limit: number;
}

async function readMerged(
  work: Work,
  knowledge: ListKnowledge,
  query: ListQuery,
): Promise<readonly ConnectionView[]> {
  if (knowledge.newestFirst) {
    try {
      return await merge(readersFor(work, knowledge, query, { whole: false }), query.limit);
    } catch (error) {
      if (!(error instanceof OutOfOrder)) throw error;
      knowledge.newestFirst = false;
    }
  }
  // The lists have an order of their own: all of each must be read before it is known what comes first.
  return merge(readersFor(work, knowledge, query, { whole: true }), query.limit);
}

function readersFor(
  work: Work,
  { marks }: ListKnowledge,
  { selection, after, limit }: ListQuery,
  { whole }: { readonly whole: boolean },
): readonly ListReader[] {
  return sourcesFor(selection, work).map((source) =>
    createListReader({
      calls: work.calls,
      marks,
      source,
      after,
      likely: limit,
      shows: (connection) =>
        takeIn(work, source, connection) !== undefined && isSelected(connection, selection),
      whole,
    }),
  );
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
