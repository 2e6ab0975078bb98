/** What a command's end tells the shell. */
export const ExitCode = {
  DONE: 0,
  /** Not everything that was asked for was done. */
  FAILED: 1,
  /** The command was not understood. */
  USAGE: 2,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
