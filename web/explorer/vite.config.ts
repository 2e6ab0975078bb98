import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The explorer: files under `/explorer/`. Its workers are files too, because its policy refuses blob: URLs. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/explorer/',
  publicDir: '../public',
  plugins: [react()],
  worker: { format: 'es' },
  build: {
    outDir: '../../dist/explorer',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' },
    // Its editor is large, and nothing of it is in a file of the console.
    chunkSizeWarningLimit: 9000,
  },
});
