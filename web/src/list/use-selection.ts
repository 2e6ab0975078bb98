import { useMemo, useState } from 'react';
import type { Connection } from '../connections/connection';

export interface Selection {
  /** What is selected, as it was read last; also what has left the page since. */
  readonly all: readonly Connection[];
  /** What of it is on the page. */
  readonly onPage: readonly Connection[];
  readonly select: (connections: readonly Connection[]) => void;
}

const NOTHING: readonly Connection[] = [];

/**
 * What is selected in a list. A row that leaves the page because it changed stays selected, so that an action that
 * fails for it can name it.
 * @param place another list, filter or page begins with nothing selected
 */
export function useSelection(shown: readonly Connection[], place: string): Selection {
  const [{ selected, at }, setSelected] = useState({ selected: NOTHING, at: place });
  return useMemo(() => {
    const here = at === place ? selected : NOTHING;
    const now = new Map(shown.map((connection) => [connection.id, connection]));
    return {
      all: here.map((connection) => now.get(connection.id) ?? connection),
      onPage: here.flatMap(({ id }) => now.get(id) ?? []),
      select: (connections) => {
        setSelected({ selected: connections, at: place });
      },
    };
  }, [selected, at, place, shown]);
}
