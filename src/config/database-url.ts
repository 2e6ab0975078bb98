import { homedir } from 'node:os';

/** Where the store is: the path of a file, or `:memory:`. */
export type DatabaseLocation = string;

type Parsed = { readonly location: DatabaseLocation } | { readonly mistake: string };

/**
 * Reads DATABASE_URL: `sqlite:PATH` or `sqlite::memory:`. What follows the colon is the path as it is; the parts that other URLs
 * have would otherwise become parts of a file name, and the server would start with an empty store.
 */
export function parseDatabaseUrl(url: string): Parsed {
  // Its value is not shown, because such a URL often holds a password.
  if (/^postgres(?:ql)?:/i.test(url)) {
    return {
      mistake: 'names a PostgreSQL database, which this version does not support: set it to sqlite:PATH',
    };
  }
  const [, path] = /^sqlite:(\S(?:.*\S)?)$/i.exec(url) ?? [];
  if (path === undefined) {
    return { mistake: 'must be sqlite:PATH or sqlite::memory:, without spaces around the path' };
  }
  if (path === ':memory:') return { location: path };
  const mistake = mistakeIn(path);
  return mistake === undefined ? withHomeFolder(path) : { mistake };
}

/** The location that a valid DATABASE_URL names. */
export function databaseLocation(url: string): DatabaseLocation {
  const parsed = parseDatabaseUrl(url);
  if ('mistake' in parsed) throw new Error(`DATABASE_URL ${parsed.mistake}`);
  return parsed.location;
}

function mistakeIn(path: string): string | undefined {
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
function withHomeFolder(path: string): Parsed {
  if (!path.startsWith('~/')) return { location: path };
  try {
    return { location: homedir() + path.slice(1) };
  } catch {
    return { mistake: 'begins with ~, and this user has no home folder: write the whole path' };
  }
}
