/** A PostgreSQL database, and how to reach it. */
export interface PostgresUrl {
  readonly kind: 'postgres';
  /** A host name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Undefined: the driver looks for it in PGPASSWORD and in `~/.pgpass`. */
  readonly password: string | undefined;
  readonly database: string;
  readonly sslMode: SslMode;
}

/** As in libpq: `require` encrypts, `verify-ca` also verifies the server's certificate, `verify-full` also its host name. */
const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

const DEFAULT_PORT = '5432';
const MAX_PORT = 65_535;
const EXAMPLE = 'postgres://USER:PASSWORD@HOST:5432/DATABASE';
const ENCODE = 'write the characters @ : / ? # % and spaces in its parts percent-encoded, as in %40 for @';

/** Reads the URL of a PostgreSQL database. A mistake never quotes a part that may belong to the password. */
export function parsePostgresUrl(text: string): PostgresUrl | { readonly mistake: string } {
  const parts = partsOf(text);
  if (!parts || Number(parts.port) > MAX_PORT) return { mistake: `must be ${EXAMPLE}: ${ENCODE}` };
  const { user = '', password, host, port = DEFAULT_PORT, database = '', query = '' } = parts;
  if (host.includes(','))
    return { mistake: 'must name one host: that of the primary, or of a proxy that follows it' };
  let url: Omit<PostgresUrl, 'sslMode'>;
  try {
    url = {
      kind: 'postgres',
      host: decodeURIComponent(host.replace(/^\[|\]$/g, '')),
      port: Number(port),
      user: decodeURIComponent(user),
      password: password && decodeURIComponent(password),
      database: decodeURIComponent(database),
    };
  } catch {
    return { mistake: 'has a % that is not followed by two hexadecimal digits: write it as %25' };
  }
  const missing = (['host', 'user', 'database'] as const).find((part) => url[part] === '');
  if (missing !== undefined) return { mistake: `must name a ${missing}, as in ${EXAMPLE}` };
  const sslMode = sslModeIn(query);
  return typeof sslMode === 'string' ? { ...url, sslMode } : sslMode;
}

/** A password that is not encoded moves the limits between the parts, so no part may hold a character that limits another. */
const URL_PARTS = new RegExp(
  [
    '^postgres(?:ql)?://',
    '(?:(?<user>[^:@/?#\\s]*)(?::(?<password>[^@/?#\\s]*))?@)?',
    '(?<host>\\[[^\\]@/?#\\s]*\\]|[^:@/?#\\s]*)(?::(?<port>\\d{1,5}))?',
    '(?:/(?<database>[^@/?#\\s]*))?',
    '(?:\\?(?<query>[^@?#\\s]*))?$',
  ].join(''),
  'i',
);

interface UrlParts {
  readonly user?: string;
  readonly password?: string;
  readonly host: string;
  readonly port?: string;
  readonly database?: string;
  readonly query?: string;
}

/** The parts as they are written; undefined when the text is not such a URL. */
function partsOf(text: string): UrlParts | undefined {
  return URL_PARTS.exec(text)?.groups as UrlParts | undefined;
}

function sslModeIn(query: string): SslMode | { readonly mistake: string } {
  const options = new URLSearchParams(query);
  const { sslmode, ...others } = Object.fromEntries(options);
  if ('sslrootcert' in others)
    return { mistake: 'must not have sslrootcert: set DATABASE_TLS_CA_FILE to that file' };
  if (Object.keys(others).length > 0 || options.size > 1) {
    return {
      mistake:
        'must have no option but sslmode after the ?; the others are variables, such as DATABASE_POOL_SIZE',
    };
  }
  if (sslmode === undefined) return 'disable';
  const known = SSL_MODES.find((mode) => mode === sslmode);
  return known ?? { mistake: `must have an sslmode of ${SSL_MODES.join(', ')}` };
}
