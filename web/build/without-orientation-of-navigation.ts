import type { Plugin } from 'vite';
import { patchModule } from './patch-module.ts';

const ATTRIBUTE = '"aria-orientation": "horizontal", ';

/** Leaves out an attribute that Cloudscape's bar on narrow screens gives to its navigation. ARIA does not allow it there. */
export function withoutOrientationOfNavigation(): Plugin {
  return patchModule({
    name: 'without-orientation-of-navigation',
    module: /app-layout\/visual-refresh\/mobile-toolbar\.js$/,
    change: (code) => (code.includes(ATTRIBUTE) ? code.replaceAll(ATTRIBUTE, '') : undefined),
  });
}
