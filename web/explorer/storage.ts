import type { GraphiQLProps } from 'graphiql';

/** Where GraphiQL's history plugin stores what was executed, with the headers it was sent with. */
const HISTORY = ['graphiql:queries', 'graphiql:favorites'];

/** The browser's storage, but for headers: a token in them is stored nowhere, not in the history either. */
export const storageWithoutHeaders: NonNullable<GraphiQLProps['storage']> = {
  get length() {
    return localStorage.length;
  },
  getItem: (key) => localStorage.getItem(key),
  setItem: (key, value) => {
    localStorage.setItem(key, HISTORY.includes(key) ? withoutHeaders(value) : value);
  },
  removeItem: (key) => {
    localStorage.removeItem(key);
  },
  clear: () => {
    localStorage.clear();
  },
};

function withoutHeaders(history: string): string {
  return JSON.stringify(JSON.parse(history), (name, value: unknown) =>
    name === 'headers' ? undefined : value,
  );
}
