import { homedir } from 'node:os';

import { parsePostgresUrl, type PostgresUrl } from './postgres-url';

/** The file of a store, or `:memory:`. */
export interface SqliteLocation {
  readonly kind: 'sqlite';
  readonly location: string;
}

type ParsedUrl = SqliteLocation | PostgresUrl | { readonly mistake: string };

export const POSTGRES_SCHEME = /^postgres(?:ql)?:/i;

/**
 * Reads DATABASE_URL: `sqlite:PATH`, `sqlite::memory:` or the URL of a PostgreSQL database. A mistake never quotes a URL that may
 * hold a password.
 */
export function parseDatabaseUrl(url: string): ParsedUrl {
  return POSTGRES_SCHEME.test(url) ? parsePostgresUrl(url) : parseSqliteUrl(url);
}

/** The database that a valid DATABASE_URL names. */
export function databaseOf(url: string): SqliteLocation | PostgresUrl {
  const parsed = parseDatabaseUrl(url);
  if ('mistake' in parsed) throw new Error(`DATABASE_URL ${parsed.mistake}`);
  return parsed;
}

/**
 * What follows the colon is the path as it is; the parts that other URLs have would otherwise become parts of a file name, and the
 * server would start with an empty store.
 */
function parseSqliteUrl(url: string): ParsedUrl {
  const [, path] = /^sqlite:(\S(?:.*\S)?)$/i.exec(url) ?? [];
  if (path === undefined) {
    return {
      mistake:
        'must be sqlite:PATH or sqlite::memory:, without spaces around the path, or postgres://USER:PASSWORD@HOST/DATABASE',
    };
  }
  if (path === ':memory:') return { kind: 'sqlite', location: path };
  const mistake = mistakeIn(path);
  return mistake === undefined ? withHomeFolder(path) : { mistake };
}

/** Another URL behind sqlite:, or what stands before a host: either may hold a password. */
const MAY_HOLD_PASSWORD = /\w:\/\/|^(?:\/\/.*|[^/]*)@/;

function mistakeIn(path: string): string | undefined {
  if (MAY_HOLD_PASSWORD.test(path)) {
    return 'must not have a URL, or an @ before the first /, after sqlite: write sqlite:PATH, as in sqlite:./a@b.db, or postgres://USER:PASSWORD@HOST/DATABASE';
  }
  if (path.startsWith('//')) {
    const [, rest = ''] = /^\/\/(.*)$/.exec(path) ?? [];
    const meant = rest.startsWith('/') ? [`/${rest.replace(/^\/+/, '')}`] : [rest, `/${rest}`];
    return `must not have // after sqlite:, because no host belongs there: write ${meant.map((one) => `sqlite:${one}`).join(' or ')}`;
  }
  if (path.includes('?')) {
    return `must not have a query (${path.slice(path.indexOf('?'))}), because there are no options for the file: write sqlite:${before(path, '?')}`;
  }
  if (path.includes('#')) {
    return `must not have a fragment (${path.slice(path.indexOf('#'))}): write sqlite:${before(path, '#')}, or a path without #`;
  }
  const [encoded] = /%[\da-f]{2}/i.exec(path) ?? [];
  if (encoded !== undefined) {
    return `must not be percent-encoded (${encoded}), because the path is taken as it is: write the character itself`;
  }
  if (path.startsWith(':')) return `must be sqlite::memory: or sqlite:PATH, not sqlite:${path}`;
  if (/^file:/i.test(path)) return 'must not have file: after sqlite:, only the path: write sqlite:PATH';
  if (/(?:^|\/)(?:\.{0,2}|~)$/.test(path)) {
    return `must name a file, and ${path} is a folder: add the file's name, as in sqlite:${path.replace(/\/$/, '')}/proton.db`;
  }
  if (/^~[^/]/.test(path)) {
    return `must not name another user's home folder (${before(path, '/')}): write the whole path`;
  }
  return undefined;
}

function before(path: string, character: string): string {
  return path.slice(0, path.indexOf(character)) || 'PATH';
}

/** A shell expands `~` only at the start of a word, so `DATABASE_URL=sqlite:~/x.db` arrives as it was typed. */
function withHomeFolder(path: string): ParsedUrl {
  if (!path.startsWith('~/')) return { kind: 'sqlite', location: path };
  try {
    return { kind: 'sqlite', location: homedir() + path.slice(1) };
  } catch {
    return { mistake: 'begins with ~, and this user has no home folder: write the whole path' };
  }
}
