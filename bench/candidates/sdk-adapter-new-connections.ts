import { serveOverSdk } from './over-sdk';
import type { Start } from './start';

/** The SDK adapter with a new connection for each call, to measure the effect of keep-alive. */
export const start: Start = (environment) => serveOverSdk(environment, { keepAlive: false });
