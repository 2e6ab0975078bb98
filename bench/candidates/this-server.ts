import { loadProgram } from '../../src/load-program';
import type { Environment, Served, Start } from './start';

/** This server, started as `src/main.ts` does, but without its request log, because the other candidates have none. */
export const start: Start = (environment) => serve({ ...environment, LOG_LEVEL: 'warn' });

export async function serve(environment: Environment): Promise<Served> {
  process.env = { ...environment };
  const { loadServer } = await loadProgram();
  const server = await loadServer();
  const urls = await server.serve();
  if (!urls) throw new Error('it printed why it could not start');
  return { url: urls.graphql, protonEndpoint: urls.protonEndpoint };
}
