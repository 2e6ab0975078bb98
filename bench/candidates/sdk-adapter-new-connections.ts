import { serveOverSdk } from './over-sdk';

/** The same with a new connection for each call, to tell what keeping them alive gains. */
void serveOverSdk({ keepAlive: false });
