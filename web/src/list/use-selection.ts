import { useMemo, useState } from 'react';
import type { Connection } from '../connections/connection';

export interface Selection {
  /** What is selected, as it was read last. */
  readonly all: readonly Connection[];
  readonly deselect: (id: string) => void;
}

export interface SelectionInTable extends Selection {
  /** What the table shows: the page, and in their places the selected rows that the list does not have any more. */
  readonly rows: readonly Connection[];
  /** Of the selected rows those that the list does not have any more. They have to be read one by one. */
  readonly outOfList: readonly Connection[];
  /** Takes what was read of one of them. */
  readonly update: (connection: Connection) => void;
  readonly select: (connections: readonly Connection[]) => void;
}

const NOTHING: readonly Connection[] = [];

/**
 * What is selected in a list. A selected row that no longer matches the filter stays in the table for as long as it is
 * selected: what an action is for can always be seen, and so can the rows for which it failed.
 * @param shown the page of the list
 * @param place another list, filter or page begins with nothing selected
 */
export function useSelection(shown: readonly Connection[], place: string): SelectionInTable {
  const [{ selected, at }, setSelected] = useState({ selected: NOTHING, at: place });
  const before = at === place ? selected : NOTHING;
  const all = useMemo(() => withNewer(before, shown), [before, shown]);
  // What leaves the list is shown as it was on the page last, until it has been read by itself.
  if (all !== before) setSelected({ selected: all, at: place });
  return useMemo(() => {
    const onPage = new Set(shown.map(({ id }) => id));
    const outOfList = all.filter(({ id }) => !onPage.has(id));
    return {
      all,
      outOfList,
      rows: outOfList.length === 0 ? shown : [...shown, ...outOfList].sort(newestFirst),
      select: (connections) => {
        setSelected({ selected: connections, at: place });
      },
      deselect: (id) => {
        setSelected((last) => ({ ...last, selected: last.selected.filter((other) => other.id !== id) }));
      },
      update: (connection) => {
        setSelected((last) => ({ ...last, selected: withNewer(last.selected, [connection]) }));
      },
    };
  }, [all, shown, place]);
}

/** @returns the same array when there is nothing newer */
function withNewer(connections: readonly Connection[], newer: readonly Connection[]): readonly Connection[] {
  const byId = new Map(newer.map((connection) => [connection.id, connection]));
  const changed = connections.map((connection) => byId.get(connection.id) ?? connection);
  return changed.some((connection, index) => connection !== connections[index]) ? changed : connections;
}

/** The order of the server's lists. */
function newestFirst(one: Connection, other: Connection): number {
  return one.createdAt === other.createdAt ? 0 : one.createdAt < other.createdAt ? 1 : -1;
}
