import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { fontsToFiles } from './build/fonts-to-files.ts';
import { withoutFeatureNotifications } from './build/without-feature-notifications.ts';
import { withoutOrientationOfNavigation } from './build/without-orientation-of-navigation.ts';

/** The console: files under `/console/`, none of them inline, because its policy refuses what is. */
export default defineConfig({
  base: '/console/',
  plugins: [react(), fontsToFiles(), withoutFeatureNotifications(), withoutOrientationOfNavigation()],
  build: {
    outDir: '../dist/console',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' },
    // The table and the app layout of Cloudscape are most of it. A test of the console's files checks the size.
    chunkSizeWarningLimit: 1600,
  },
});
