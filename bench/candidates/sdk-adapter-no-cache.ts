import { serveOverSdk } from './over-sdk';

/** The SDK adapter without `cacheMiddleware`: the SDK builds its middleware anew for each call. */
void serveOverSdk({ cacheMiddleware: false });
