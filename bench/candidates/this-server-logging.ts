import type { Start } from './start';
import { serve } from './this-server';

/** This server with its request log, which its process writes to a file. */
export const start: Start = (environment) => serve({ ...environment, LOG_LEVEL: 'info' });
