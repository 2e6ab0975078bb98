import { printable, printableLines } from './printable';

/** Characters of a message and of a stack: what a caller sent may be quoted in one, and may be a megabyte. */
const MOST = { message: 1_000, stack: 8_000 };

/** Errors that caused one another. */
const MOST_CAUSES = 5;

interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: DescribedError | string;
}

/**
 * An error as the log has it: its name, message, code, stack and causes, and nothing else that it carries. Errors of libraries carry
 * requests with their headers, and with these whatever secrets were sent.
 */
export function describeError(error: unknown, depth = 0): DescribedError | string {
  if (!(error instanceof Error)) return printable(String(error), MOST.message);
  const { name, message, stack, cause } = error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return {
    type: name,
    message: printable(message, MOST.message),
    ...(code === undefined ? {} : { code: printable(code, MOST.message) }),
    ...(stack === undefined ? {} : { stack: printableLines(framesOf(stack, message), MOST.stack) }),
    ...(cause === undefined || depth >= MOST_CAUSES ? {} : { cause: describeError(cause, depth + 1) }),
  };
}

/** A stack begins with the message, which is told already, and may be long enough to leave no place for the frames. */
function framesOf(stack: string, message: string): string {
  const end = stack.indexOf(message) + message.length;
  return stack.includes(message) ? stack.slice(end).trimStart() : stack;
}
