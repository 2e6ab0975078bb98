import { serveOverSdk } from './over-sdk';

/** The same with the SDK building its middleware anew for each call, to tell what remembering it gains. */
void serveOverSdk({ cacheMiddleware: false });
