import type { Readable, Writable } from 'node:stream';

import { InvalidArgumentError } from 'commander';

import { isAccountId, type AccountId } from '../proton/identifiers';

/** What a command gets from the process that it runs in. */
export interface CommandContext {
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

/** What a command's end tells the shell. */
export const ExitCode = {
  DONE: 0,
  /** Not everything that was asked for was done. */
  FAILED: 1,
  /** The command was not understood. */
  USAGE: 2,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export const STORE_HELP = `
The store is the one that DATABASE_URL names (sqlite:./data/proton.db unless set).
A server may be running on it.`;

/** @throws InvalidArgumentError */
export function accountOption(value: string): AccountId {
  if (!isAccountId(value)) throw new InvalidArgumentError('It must be 12 digits.');
  return value;
}
