import { useEffect, useRef, type RefObject } from 'react';
import type { Place } from './place';

/** Where the focus goes when the drawer closes: to the link of its connection, or to the heading when that is gone. */
export type DrawerExit = 'closed' | 'deleted';

/**
 * Keeps the focus where a reader goes on: in the drawer when it opens, at the connection's link when it closes, and at
 * the heading of a view that takes the place of the one that had the focus.
 * @param exit how the drawer closes
 */
export function useFocus({ view, connection }: Place, exit: RefObject<DrawerExit>): void {
  const id = connection?.id;
  const last = useRef<{ readonly view: Place['view']; readonly id: string | undefined }>(undefined);
  useEffect(() => {
    const before = last.current;
    last.current = { view, id };
    if (!before && id === undefined) return;
    // After the view and the drawer are on the page, or off it.
    const frame = requestAnimationFrame(() => {
      if (id !== before?.id) {
        if (id !== undefined) focusOn('button[aria-label="Close"]');
        else if (exit.current === 'deleted') focusOnHeading();
        else focusOn(`main a[href*="/connections/${before?.id ?? ''}/"]`);
      } else if (view !== before?.view && document.activeElement === document.body) {
        focusOnHeading();
      }
    });
    return () => {
      cancelAnimationFrame(frame);
    };
  }, [view, id, exit]);
}

function focusOn(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus();
}

/** A heading is no stop of the Tab key, but the next Tab goes on from it, and a screen reader reads it. */
function focusOnHeading(): void {
  document.querySelector('main h1')?.setAttribute('tabindex', '-1');
  focusOn('main h1');
}
