import { serveOverSdk } from './over-sdk';

/** The SDK adapter with a new connection for each call, to measure the effect of keep-alive. */
void serveOverSdk({ keepAlive: false });
