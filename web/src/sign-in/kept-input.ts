import { useEffect, useState, type Dispatch, type SetStateAction } from 'react';

/** In sessionStorage, while the page is at the issuer. It holds what was typed into forms, never a token. */
const STORED = 'console.input';

/** What forms on the page hold that leaving it would lose, by the key of `useInput`. */
const unsaved = new Map<string, unknown>();
/** What was stored before the page left, until a form asks for it. */
const stored = new Map<string, unknown>();

/** Whether a form on the page holds input. */
export function hasUnsavedInput(): boolean {
  return unsaved.size > 0;
}

/** Stores what the forms hold, before the page leaves for the issuer. */
export function storeInput(): void {
  sessionStorage.setItem(STORED, JSON.stringify([...stored, ...unsaved]));
}

/** Takes back what was stored, when the page returns. */
export function takeStoredInput(): void {
  const text = sessionStorage.getItem(STORED);
  sessionStorage.removeItem(STORED);
  for (const [key, value] of JSON.parse(text ?? '[]') as [string, unknown][]) stored.set(key, value);
}

/**
 * `useState` for what a form holds. It is still there after the trip to the issuer that signing in again takes.
 * @param key names the input on the page
 * @param initial JSON, or a function that returns some
 */
export function useInput<Value>(
  key: string,
  initial: Value | (() => Value),
): [Value, Dispatch<SetStateAction<Value>>] {
  const [wasStored] = useState(() => stored.has(key));
  const [first] = useState(() =>
    wasStored ? (stored.get(key) as Value) : initial instanceof Function ? initial() : initial,
  );
  const [value, setValue] = useState(first);
  const isUnsaved = wasStored || value !== first;
  useEffect(() => {
    stored.delete(key);
    if (!isUnsaved) return;
    unsaved.set(key, value);
    return () => {
      unsaved.delete(key);
    };
  }, [key, value, isUnsaved]);
  return [value, setValue];
}
