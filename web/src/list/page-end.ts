import { useMemo, useState } from 'react';
import type { Connection } from '../connections/connection';

export interface Edge {
  readonly cursor: string;
  readonly node: Connection;
}

/** What a page shows, and the cursor that the next page begins after; undefined when there is no next page. */
export interface Cut {
  readonly shown: readonly Connection[];
  readonly next: string | undefined;
}

interface End extends Edge {
  readonly place: string;
}

/**
 * Keeps the end of a page where it was when the page was opened. Rows that come make the page longer, rows that go
 * make it shorter, and none moves to a page that was read already, or away from one that is yet to be read.
 * @param edges the rows from the page's beginning on, more than it shows; undefined until they are read
 * @param place names the list, the filter and the page
 */
export function usePageEnd(
  edges: readonly Edge[] | undefined,
  hasMore: boolean,
  rows: number,
  place: string,
): Cut {
  const [end, setEnd] = useState<End>();
  const current = end?.place === place ? end : undefined;
  const last = edges?.[rows - 1];
  // A page that is not full has no end yet: it fills up first.
  if (!current && last) setEnd({ ...last, place });
  const available = edges?.length ?? 0;
  const length = edges && current ? lengthUntil(edges, current) : Math.min(rows, available);
  // The same array as long as the page stays the same: then what depends on it does not render again.
  const shown = useMemo(() => (edges ?? []).slice(0, length).map(({ node }) => node), [edges, length]);
  // Everything on the page is gone: the page begins anew with what follows.
  if (current && available > 0 && length === 0) setEnd(last && { ...last, place });
  if (!edges || (length === available && !hasMore)) return { shown, next: undefined };
  const lastShown = edges[length - 1];
  // More rows came than were read beyond the page: its last ones do move on.
  const isBeyond = current !== undefined && length === available;
  return { shown, next: (isBeyond ? lastShown : (current ?? lastShown))?.cursor };
}

/** How many of the rows lie before the end, it included. The row at the end may be gone: then its time counts. */
function lengthUntil(edges: readonly Edge[], end: End): number {
  const index = edges.findIndex(({ cursor }) => cursor === end.cursor);
  if (index >= 0) return index + 1;
  const older = edges.findIndex(({ node }) => node.createdAt < end.node.createdAt);
  return older < 0 ? edges.length : older;
}
