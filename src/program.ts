import type { AppUrls } from './app/create-app';

/*
 * The server and the commands, which `npm run build` bundles. Each loads its modules when it is called.
 */

/**
 * Runs the server in this process, as the environment says. The process ends when the server ends.
 * @returns where the server listens; undefined when it could not start
 */
export async function serve(): Promise<AppUrls | undefined> {
  const { serve } = await import('./app/serve.ts');
  return serve();
}

/** Runs one command of `npx proton-subgraph`, as the command line says. */
export async function runCommand(): Promise<void> {
  const { main } = await import('./cli/main.ts');
  await main(() => void serve());
}
