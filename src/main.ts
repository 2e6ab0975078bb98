import { loadProgram } from './load-program';

void main();

/** The server process. */
async function main(): Promise<void> {
  const { loadServer } = await loadProgram();
  const { serve } = await loadServer();
  await serve();
}
