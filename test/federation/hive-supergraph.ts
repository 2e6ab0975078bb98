import { startExample } from './example-process';
import type { Supergraph } from './supergraph';

/** Hive Gateway as the example runs it, over what its own composer makes of both subgraphs. */
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
