/** The listeners of a change feed. */
export interface Watchers {
  /** Adds a listener. @returns what removes it */
  readonly add: (listener: () => void) => () => void;
  /** Calls the listeners in a later turn of the event loop: once, however often this is called until then. */
  readonly signal: () => void;
  /** Removes all listeners. */
  readonly clear: () => void;
}

/** @param look starts to look for changes, while there is a listener; it returns what ends that */
export function createWatchers(look: () => () => void): Watchers {
  const listeners = new Set<{ readonly call: () => void }>();
  let stopLooking: (() => void) | undefined;
  let due: NodeJS.Immediate | undefined;

  function stop(): void {
    stopLooking?.();
    stopLooking = undefined;
    clearImmediate(due);
    due = undefined;
  }

  return {
    add(listener) {
      // The same function may be added twice.
      const added = { call: listener };
      listeners.add(added);
      stopLooking ??= look();
      return () => {
        if (listeners.delete(added) && listeners.size === 0) stop();
      };
    },
    signal() {
      if (listeners.size === 0) return;
      due ??= setImmediate(() => {
        due = undefined;
        for (const { call } of [...listeners]) call();
      });
    },
    clear() {
      listeners.clear();
      stop();
    },
  };
}
