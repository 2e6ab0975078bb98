import { serveOverSdk } from './over-sdk';

/** The SDK adapter as it ships. */
void serveOverSdk();
