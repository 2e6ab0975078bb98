import { useEffect, useRef } from 'react';

/**
 * Moves the focus into the drawer when it opens, and back to the connection's link when it closes.
 * @param id the connection in the drawer; undefined while it is closed
 */
export function useDrawerFocus(id: string | undefined): void {
  const last = useRef<string | undefined>(undefined);
  useEffect(() => {
    const before = last.current;
    last.current = id;
    if (id === before) return;
    // After the drawer is on the page, or off it.
    const frame = requestAnimationFrame(() => {
      const target =
        id === undefined
          ? document.querySelector<HTMLElement>(`main a[href*="/connections/${before ?? ''}/"]`)
          : document.querySelector<HTMLElement>('button[aria-label="Close"]');
      target?.focus();
    });
    return () => {
      cancelAnimationFrame(frame);
    };
  }, [id]);
}
