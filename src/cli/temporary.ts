import { rmSync } from 'node:fs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Does work that has a file or a folder for as long as it takes, and sees to it that it is gone afterwards: when the work is done,
 * when it fails, and when the process is told to end meanwhile, which it then does by that signal.
 * @param path what is removed; nothing need be there
 */
export async function withTemporary<Answer>(
  path: string,
  work: (path: string) => Promise<Answer>,
): Promise<Answer> {
  const remove = () => {
    rmSync(path, { recursive: true, force: true });
  };
  const end = (signal: NodeJS.Signals) => {
    stopListening();
    remove();
    // With nobody listening any more, it does what it does everywhere: it ends the process.
    process.kill(process.pid, signal);
  };
  const stopListening = () => {
    for (const signal of SIGNALS) process.removeListener(signal, end);
  };
  for (const signal of SIGNALS) process.on(signal, end);
  try {
    return await work(path);
  } finally {
    stopListening();
    remove();
  }
}
