import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (name: string) => readFileSync(join(__dirname, 'operations', `${name}.graphql`), 'utf8').trim();

/** Creates a first connection. */
export const REQUEST_CONNECTION = read('request-connection');

/** Joins both subgraphs in both directions: connections with the owners of their accounts, and an account with its connections. */
export const CONNECTIONS_AND_OWNERS = read('connections-and-owners');

/** A live query that joins both subgraphs: each change of a connection's status, with the owners of its accounts. */
export const STATUS_CHANGES = read('status-changes');
