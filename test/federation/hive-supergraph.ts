import { startExample } from './example-process';
import type { Supergraph } from './supergraph';

/** Starts the example: Hive Gateway with both subgraphs, composed by Hive's composer. */
export async function startHiveSupergraph(): Promise<Supergraph> {
  const { child, ended, gateway, proton } = await startExample();
  return {
    gateway,
    proton,
    async stop() {
      child.kill('SIGTERM');
      const { code, stderr } = await ended;
      if (code !== 0) throw new Error(`the example ended with ${String(code)}: ${stderr}`);
    },
  };
}
