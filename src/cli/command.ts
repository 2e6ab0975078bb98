import type { Readable, Writable } from 'node:stream';

import { InvalidArgumentError } from 'commander';

import { isAccountId, type AccountId } from '../proton/identifiers';

/** The environment variables and streams of a command. */
export interface CommandContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Starts the server in this process. The process then ends when the server ends. */
  readonly startServer: () => void;
}

export interface OutputStream extends Writable {
  /** Whether the stream is a terminal. */
  readonly isTTY?: boolean | undefined;
}

/** A command failed for a reason that the user can fix. The exit code is 1. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
}

/** The command line is invalid. The exit code is 2. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';
}

export const ExitCode = {
  DONE: 0,
  /** At least a part of the work was not done. */
  FAILED: 1,
  /** The command line is invalid. */
  USAGE: 2,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The end of each help text. */
export const STORE_HELP = `
DATABASE_URL names the store (default: sqlite:./data/proton.db; or postgres://…).`;

/** Validates the option `--account`. @throws InvalidArgumentError */
export function accountOption(value: string): AccountId {
  if (!isAccountId(value)) throw new InvalidArgumentError('It must be 12 digits.');
  return value;
}
