import { serveOverSdk } from './over-sdk';
import type { Start } from './start';

/** The SDK adapter without `cacheMiddleware`: the SDK builds its middleware anew for each call. */
export const start: Start = (environment) => serveOverSdk(environment, { cacheMiddleware: false });
