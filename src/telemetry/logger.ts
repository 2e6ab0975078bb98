import { trace } from '@opentelemetry/api';
import { pino, type LevelWithSilent, type Logger } from 'pino';
import type { PinoPretty } from 'pino-pretty';

import { printable, printableLines } from './printable';

/**
 * Logs JSON lines to standard output, or readable lines when it is a terminal. Lines that are written while a request is traced carry
 * its trace id.
 * @param pretty the module pino-pretty when standard output is a terminal; false otherwise, so that it isn't loaded
 */
export function createLogger(level: LevelWithSilent, pretty: typeof PinoPretty | false): Logger {
  const options = {
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: describeError, subject: printableSubject },
    mixin: activeTrace,
  };
  if (!pretty) return pino(options);
  return pino(
    options,
    pretty({ colorize: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss', sync: true }),
  );
}

/** Characters. */
const MAX_SUBJECT = 128;

/** A token's subject may be any text. */
function printableSubject(subject: unknown): unknown {
  return typeof subject === 'string' ? printable(subject, MAX_SUBJECT) : subject;
}

function activeTrace(): { readonly trace_id?: string; readonly span_id?: string } {
  const span = trace.getActiveSpan()?.spanContext();
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
}

/** Characters. A message may quote a client's megabyte. */
const MAX_MESSAGE = 1_000;
const MAX_STACK = 8_000;

/** Length of a chain of causes. */
const MAX_CAUSES = 5;

interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: DescribedError | string;
}

/**
 * Serializes an error for the log: name, message, code, stack and causes, and no other property. Libraries attach requests with their
 * headers, and so with secrets, to their errors.
 */
function describeError(error: unknown, depth = 0): DescribedError | string {
  if (!(error instanceof Error)) return printable(String(error), MAX_MESSAGE);
  const { name, message, stack, cause } = error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return {
    type: name,
    message: printable(message, MAX_MESSAGE),
    ...(code === undefined ? {} : { code: printable(code, MAX_MESSAGE) }),
    ...(stack === undefined ? {} : { stack: printableLines(framesOf(stack, message), MAX_STACK) }),
    ...(cause === undefined || depth >= MAX_CAUSES ? {} : { cause: describeError(cause, depth + 1) }),
  };
}

/** A stack without the message that it repeats, which may be too long to leave room for frames. */
function framesOf(stack: string, message: string): string {
  const end = stack.indexOf(message) + message.length;
  return stack.includes(message) ? stack.slice(end).trimStart() : stack;
}
