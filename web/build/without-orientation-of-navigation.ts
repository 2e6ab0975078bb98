import type { Plugin } from 'vite';

const MODULE = /app-layout\/visual-refresh\/mobile-toolbar\.js$/;
const ATTRIBUTE = '"aria-orientation": "horizontal", ';

/** Leaves out an attribute that Cloudscape's bar on narrow screens gives to its navigation. ARIA does not allow it there. */
export function withoutOrientationOfNavigation(): Plugin {
  let isFound = false;
  return {
    name: 'without-orientation-of-navigation',
    transform: {
      filter: { id: MODULE },
      handler(code) {
        isFound = code.includes(ATTRIBUTE);
        return { code: code.replaceAll(ATTRIBUTE, ''), map: null };
      },
    },
    buildEnd(error) {
      if (!error && !isFound)
        this.error(`Cloudscape's ${MODULE.source} has no ${ATTRIBUTE} any more. Remove this plugin.`);
    },
  };
}
