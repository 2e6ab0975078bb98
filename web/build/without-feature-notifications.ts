import type { Plugin } from 'vite';
import { patchModule } from './patch-module.ts';

/**
 * Leaves out the drawer for "what's new" of Cloudscape's app layout, which the console does not have: its list brings
 * drag and drop along, 20 kB of every visit.
 */
export function withoutFeatureNotifications(): Plugin {
  return patchModule({
    name: 'without-feature-notifications',
    module: /app-layout\/visual-refresh-toolbar\/drawer\/feature-notifications-drawer-content\.js$/,
    change: () => 'export const RuntimeContentPart = () => null;\nexport default () => null;',
  });
}
