import type { Plugin } from 'vite';

const MODULE = /app-layout\/visual-refresh-toolbar\/drawer\/feature-notifications-drawer-content\.js$/;

/**
 * Leaves out the drawer for "what's new" of Cloudscape's app layout, which the console does not have: its list brings
 * drag and drop along, 20 kB of every visit.
 */
export function withoutFeatureNotifications(): Plugin {
  let isFound = false;
  return {
    name: 'without-feature-notifications',
    load: {
      filter: { id: MODULE },
      handler() {
        isFound = true;
        return 'export const RuntimeContentPart = () => null;\nexport default () => null;';
      },
    },
    buildEnd(error) {
      if (!error && !isFound) this.error(`Cloudscape has no ${MODULE.source} any more. Remove this plugin.`);
    },
  };
}
