import { trace } from '@opentelemetry/api';
import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

import type { LogLevel } from '../config/environment';
import { describeError } from './describe-error';
import { printable } from './printable';

/**
 * The process's log: JSON lines on standard output, for machines, or readable lines where standard output is a terminal. What is
 * said while a request is traced carries its trace.
 * @param terminal whether a person is reading
 */
export function createLogger(level: LogLevel, terminal: boolean): Logger {
  const options = {
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: describeError, subject: printableSubject },
    mixin: traceOfContext,
  };
  if (!terminal) return pino(options);
  return pino(
    options,
    pretty({ colorize: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss', sync: true }),
  );
}

/** Who asks is told on many lines, and a token may say anything of it. */
function printableSubject(subject: unknown): unknown {
  return typeof subject === 'string' ? printable(subject, MOST_OF_SUBJECT) : subject;
}

/** Characters. */
const MOST_OF_SUBJECT = 128;

function traceOfContext(): { readonly trace_id?: string; readonly span_id?: string } {
  const span = trace.getActiveSpan()?.spanContext();
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
}
