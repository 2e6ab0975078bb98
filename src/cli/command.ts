import type { Readable, Writable } from 'node:stream';

/** What a command gets from the process that it runs in. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Starts the server in this process, which then ends as the server does. */
  readonly startServer: () => void;
}

export interface OutputStream extends Writable {
  /** Whether a person reads along. */
  readonly isTTY?: boolean | undefined;
}

/** What keeps a command from doing its work, told to whoever typed it. The process ends with 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** What was typed makes no sense. The process ends with 2. */
export class UsageError extends CommandError {}
