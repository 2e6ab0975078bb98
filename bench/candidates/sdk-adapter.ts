import { serveOverSdk } from './over-sdk';
import type { Start } from './start';

/** The SDK adapter with its defaults. */
export const start: Start = (environment) => serveOverSdk(environment);
