import { useCallback, useState } from 'react';
import { DEFAULT_ROWS, ROWS } from '../addresses/list-query';

export interface Preferences {
  readonly rows: number;
  /** Ids of the columns that are shown; undefined for all. */
  readonly columns?: readonly string[];
  readonly density: 'comfortable' | 'compact';
}

const KEY = 'console.list-preferences';
const DEFAULTS: Preferences = { rows: DEFAULT_ROWS, density: 'comfortable' };

/** How a reader wants lists to look. The browser keeps it. */
export function usePreferences(): readonly [Preferences, (preferences: Preferences) => void] {
  const [preferences, setPreferences] = useState(readStored);
  const store = useCallback((changed: Preferences) => {
    setPreferences(changed);
    try {
      localStorage.setItem(KEY, JSON.stringify(changed));
    } catch {
      // A browser that stores nothing keeps them for as long as the page is open.
    }
  }, []);
  return [preferences, store];
}

function readStored(): Preferences {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Preferences>;
    return {
      rows: ROWS.find((size) => size === stored.rows) ?? DEFAULTS.rows,
      density: stored.density === 'compact' ? 'compact' : DEFAULTS.density,
      ...(Array.isArray(stored.columns) && { columns: stored.columns.map(String) }),
    };
  } catch {
    return DEFAULTS;
  }
}
