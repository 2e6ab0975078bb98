import { useEffect } from 'react';

let forms = 0;

/** Whether a form on the page holds input that leaving it would lose. */
export function hasUnsavedInput(): boolean {
  return forms > 0;
}

/** @param unsaved whether this form holds such input */
export function useUnsavedInput(unsaved: boolean): void {
  useEffect(() => {
    if (!unsaved) return;
    forms += 1;
    return () => {
      forms -= 1;
    };
  }, [unsaved]);
}
