import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

import type { LogLevel } from '../settings/variables';

/**
 * The process's log: JSON lines on standard output, for machines, or readable lines where standard output is a terminal.
 * @param terminal whether a person is reading
 */
export function createLogger(level: LogLevel, terminal: boolean): Logger {
  const options = { level, timestamp: pino.stdTimeFunctions.isoTime };
  if (!terminal) return pino(options);
  return pino(
    options,
    pretty({ colorize: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss', sync: true }),
  );
}
