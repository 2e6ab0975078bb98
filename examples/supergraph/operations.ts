import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (name: string) => readFileSync(join(__dirname, 'operations', `${name}.graphql`), 'utf8').trim();

/** A connection to look at, for a supergraph that has none yet. The payload passes through the gateway as it is. */
export const REQUEST_CONNECTION = read('request-connection');

/** Joined in both directions: from connections to who owns their accounts, and from an account to its connections. */
export const CONNECTIONS_AND_OWNERS = read('connections-and-owners');
