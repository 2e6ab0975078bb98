/** The parts of DATABASE_URL that an error may name. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

/** The oldest major version of PostgreSQL that is tested. */
export const OLDEST_VERSION = 15;

/** @param version what the server calls `server_version` */
export function explainOldServer(version: string, address: ServerAddress): string {
  return `PostgreSQL ${version} at ${placeOf(address)} is too old: let DATABASE_URL name a server of version ${String(OLDEST_VERSION)} or newer.`;
}

/** @param steps the names of the steps that the database lacks */
export function explainMissingSteps(steps: readonly string[], { database }: ServerAddress): string {
  const which = steps.length === 1 ? `step ${String(steps[0])}` : `${String(steps.length)} steps`;
  return `The database ${database} of DATABASE_URL lacks ${which} of this version's schema: run \`npx proton-subgraph migrate\`, or unset MIGRATE_ON_START.`;
}

/**
 * One sentence about an error of pg during a start, with how to fix it. It never holds the password: of the URL it names only the
 * parts of `address`, and of the server's messages only those that quote no more than these.
 * @returns undefined when the error is not about the server or the database
 */
export function explainStartError(error: unknown, address: ServerAddress): string | undefined {
  const { cause, ...described } = describe(error);
  const failure = { ...address, place: placeOf(address), ...described };
  const known = KNOWN.find(
    ({ code, message }) =>
      code.test(failure.code) && (message === undefined || message.test(failure.message)),
  );
  if (known) return known.explain(failure);
  return cause === undefined ? undefined : explainStartError(cause, address);
}

interface Failure extends ServerAddress {
  /** As in `db.example.com:5432`. */
  readonly place: string;
  /** The SQLSTATE, or the code of Node; empty when there is none. */
  readonly code: string;
  readonly message: string;
}

interface KnownFailure {
  readonly code: RegExp;
  /** What the message must match as well. */
  readonly message?: RegExp;
  readonly explain: (failure: Failure) => string;
}

/** The first that matches counts. */
const KNOWN: readonly KnownFailure[] = [
  {
    code: /^(?:ENOTFOUND|EAI_\w+)$/,
    explain: ({ host, code }) =>
      `DATABASE_URL names the host ${host}, which has no address (${code}): correct the name, or check DNS.`,
  },
  {
    code: /^ECONNREFUSED$/,
    explain: ({ place, code }) =>
      `Nothing listens at ${place} (${code}): start PostgreSQL there, or correct host and port in DATABASE_URL.`,
  },
  {
    code: /^ENOENT$/,
    explain: ({ host, port, code }) =>
      `There is no socket of PostgreSQL in ${host} for port ${String(port)} (${code}): start PostgreSQL, or correct folder and port in DATABASE_URL.`,
  },
  {
    code: /^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|EACCES|EPERM)$/,
    explain: ({ place, code }) =>
      `${place} can't be reached (${code}): check the network and its firewalls, or correct host and port in DATABASE_URL.`,
  },
  {
    code: /^$/,
    // The last one is the store's own.
    message:
      /^(?:timeout e|Query read timeout|Connection terminated due to|The database server does not respond)/,
    explain: ({ place }) =>
      `${place} does not respond: check that PostgreSQL runs there and what is between, or correct host and port in DATABASE_URL.`,
  },
  {
    code: /^$/,
    message: /does not support SSL/,
    explain: ({ place }) =>
      `The server at ${place} has no TLS, and DATABASE_URL asks for it: turn ssl on in the server, or set sslmode=disable in DATABASE_URL.`,
  },
  {
    code: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    explain: ({ host, code }) =>
      `The server's certificate is not for ${host} (${code}): write the host in DATABASE_URL as the certificate has it, or set sslmode=verify-ca.`,
  },
  {
    code: /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/,
    explain: ({ place, code }) =>
      `The certificate of the server at ${place} is not valid today (${code}): replace it, or set the clock of this machine.`,
  },
  {
    code: /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/,
    explain: ({ place, code }) =>
      `The certificate of the server at ${place} is not signed by an authority that this server knows (${code}): set DATABASE_TLS_CA_FILE to the file of its authority.`,
  },
  {
    code: /^(?:EPROTO$|ERR_SSL_|ERR_TLS_)/,
    explain: ({ place, code }) =>
      `TLS with the server at ${place} fails (${code}): check that DATABASE_URL names PostgreSQL and that both support a common version of TLS.`,
  },
  {
    code: /^28P01$/,
    explain: ({ place, user, code }) =>
      `PostgreSQL at ${place} refuses the password of the user ${user} (${code}): correct it in DATABASE_URL, percent-encoded.`,
  },
  {
    code: /^$/,
    message: /^SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be/,
    explain: ({ place, user }) =>
      `PostgreSQL at ${place} asks for a password of the user ${user}: add it to DATABASE_URL, as in postgres://USER:PASSWORD@HOST/DATABASE.`,
  },
  {
    code: /^28000$/,
    message: /no encryption|SSL off/,
    explain: ({ place, user, database, code }) =>
      `PostgreSQL at ${place} lets the user ${user} into ${database} from here only with TLS, or not at all (${code}): add ?sslmode=verify-full to DATABASE_URL, or a line to pg_hba.conf.`,
  },
  {
    code: /^28000$/,
    message: /pg_hba/,
    explain: ({ place, user, database, code }) =>
      `PostgreSQL at ${place} does not let the user ${user} into ${database} from here (${code}): add a line to its pg_hba.conf.`,
  },
  {
    code: /^28000$/,
    explain: ({ place, user, code }) =>
      `PostgreSQL at ${place} has no user ${user} who may log in (${code}): create it (CREATE ROLE … LOGIN), or correct the user in DATABASE_URL.`,
  },
  {
    code: /^3D000$/,
    explain: ({ place, database, code }) =>
      `PostgreSQL at ${place} has no database ${database} (${code}): create it (CREATE DATABASE), or correct its name in DATABASE_URL.`,
  },
  {
    code: /^42501$/,
    message: /for database/,
    explain: ({ user, database, code }) =>
      `The user ${user} may not connect to the database ${database} of DATABASE_URL (${code}): GRANT CONNECT ON DATABASE to it.`,
  },
  {
    code: /^42501$/,
    message: /for schema/,
    explain: ({ user, database, code }) =>
      `The user ${user} may not create tables in the database ${database} of DATABASE_URL (${code}): GRANT USAGE, CREATE ON SCHEMA public to it, or let the owner run \`npx proton-subgraph migrate\` and set MIGRATE_ON_START=false.`,
  },
  {
    code: /^42501$/,
    explain: ({ user, database, code }) =>
      `The user ${user} lacks a right on a table in the database ${database} of DATABASE_URL (${code}): GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public to it.`,
  },
  {
    code: /^25006$/,
    explain: ({ place, code }) =>
      `The server at ${place} takes no writes, as a standby does (${code}): let DATABASE_URL name the primary, or set MIGRATE_ON_START=false and DATABASE_READ_ONLY=allowed to serve reads from it.`,
  },
  {
    code: /^53300$/,
    explain: ({ place, code }) =>
      `PostgreSQL at ${place} has no free connection (${code}): raise its max_connections, or lower DATABASE_POOL_SIZE of every replica.`,
  },
  {
    code: /^57P03$/,
    explain: ({ place, code }) =>
      `PostgreSQL at ${place} is starting or stopping (${code}): start this server again when it has done so.`,
  },
  {
    code: /^(?:57P0[1245]|ECONNRESET|EPIPE)$|^$/,
    message: /terminated|terminating|ECONNRESET|EPIPE|socket|expired/i,
    explain: ({ place }) =>
      `The server at ${place} ended the connection: check in its log why, and that DATABASE_URL names PostgreSQL.`,
  },
  {
    code: /^08P01$/,
    message: /unsupported startup parameter/,
    explain: ({ place, code }) =>
      `The connection pooler at ${place} refuses a parameter of a session (${code}): set DATABASE_PREPARE=false.`,
  },
  {
    code: /^53100$/,
    explain: ({ place, code }) => `The disk of PostgreSQL at ${place} is full (${code}): make space there.`,
  },
  {
    // Any other error of the server or of the network. Their texts may quote what was sent, so only the code is shown.
    code: /^(?:[0-9A-Z]{5}|E[A-Z]{3,})$/,
    explain: ({ place, code }) =>
      `PostgreSQL at ${place} can't be used (${code}): see its log for the reason, or correct DATABASE_URL.`,
  },
];

function describe(error: unknown): Pick<Failure, 'code' | 'message'> & { readonly cause: unknown } {
  const { code, message, cause } = (typeof error === 'object' && error !== null ? error : {}) as {
    readonly code?: unknown;
    readonly message?: unknown;
    readonly cause?: unknown;
  };
  return {
    code: typeof code === 'string' ? code : '',
    message: typeof message === 'string' ? message : '',
    cause,
  };
}

function placeOf({ host, port }: ServerAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
}
