/**
 * Milliseconds since the epoch on the clock of the database server, which all replicas share: a replica whose clock is fast would end
 * the leases of the others. It is the same throughout a transaction, so an index can be searched for it.
 */
export const NOW = '(extract(epoch FROM now()) * 1000)::bigint';
