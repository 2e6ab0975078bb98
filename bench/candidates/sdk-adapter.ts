import { serveOverSdk } from './over-sdk';

/** The SDK adapter with its defaults. */
void serveOverSdk();
