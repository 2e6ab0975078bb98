import { useSyncExternalStore } from 'react';

/** Ages are shown in minutes, so this is often enough, in ms. */
const TICK_MS = 30_000;

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

/** The time in ms since 1970. It goes on every 30 s, so that "2 minutes ago" stays right while the page is open. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, read);
}

function read(): number {
  return now;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    now = Date.now();
    timer = setInterval(tick, TICK_MS);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  now = Date.now();
  for (const listener of listeners) listener();
}
