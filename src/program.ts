/*
 * What `npm run build` bundles. Each function loads its modules when it is called.
 */

export const loadServer = () => import('./app/serve.ts');

export const loadCommands = () => import('./cli/main.ts');
