import { defineConfig } from 'vite';

/** Where the gateway is. The page asks its own origin, so the gateway needs no CORS settings. */
const { GATEWAY_URL = 'http://127.0.0.1:4000/graphql' } = process.env;

const { origin, pathname } = new URL(GATEWAY_URL);
const proxy = { '/graphql': { target: origin, rewrite: () => pathname, ws: true } };

export default defineConfig({
  root: import.meta.dirname,
  server: { proxy },
  preview: { proxy },
});
