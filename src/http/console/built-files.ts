import { readdirSync } from 'node:fs';
import { join, posix, sep } from 'node:path';

import { isUtf8MimeType, mime, send, type SendResult } from '@fastify/send';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** The files of an application that was built for browsers. They are listed once, and nothing outside the list can be sent. */
export interface BuiltFiles {
  /** Whether there is an `index.html`; not before the first build. */
  readonly isBuilt: boolean;
  /** @param file as in `assets/index-1a2b3c.js` */
  readonly has: (file: string) => boolean;
  /** Sends a file, or 304 where the client has it. */
  readonly send: (request: FastifyRequest, reply: FastifyReply, file: string) => Promise<FastifyReply>;
}

/** A copy that `npm run build` compressed. */
const COMPRESSED = '.br';

/** The names of these hold a hash of their content. */
const ASSETS = 'assets/';

/** @param folder need not exist */
export function builtFiles(folder: string): BuiltFiles {
  const names = new Set(listFiles(folder));
  const has = (file: string): boolean => names.has(file) && !file.endsWith(COMPRESSED);
  return {
    isBuilt: has('index.html'),
    has,
    async send(request, reply, file) {
      const isCompressed = names.has(file + COMPRESSED) && acceptsBrotli(request);
      const result = await sendFrom(folder, request, isCompressed ? file + COMPRESSED : file);
      if (names.has(file + COMPRESSED)) void reply.header('vary', 'accept-encoding');
      void reply.headers(result.headers);
      if (isCompressed) void reply.headers({ 'content-encoding': 'br', 'content-type': typeOf(file) });
      return reply
        .code(result.statusCode)
        .header('cache-control', file.startsWith(ASSETS) ? FOREVER : 'no-cache')
        .send(result.stream);
    },
  };
}

const FOREVER = 'public, max-age=31536000, immutable';

/** @throws when the file can't be read, such as one that was removed since the start */
async function sendFrom(root: string, { raw }: FastifyRequest, file: string): Promise<SendResult> {
  const options = { root, index: false, cacheControl: false, acceptRanges: false };
  const result = await send(raw, encodeURI(file), options);
  if (result.type !== 'error' || result.statusCode === PRECONDITION_FAILED) return result;
  throw new Error(`${file} of ${root} can't be sent`, { cause: result.metadata.error });
}

const PRECONDITION_FAILED = 412;

function acceptsBrotli({ headers }: FastifyRequest): boolean {
  return /(?:^|,)\s*br\s*(?:,|$)/.test(headers['accept-encoding'] ?? '');
}

function typeOf(file: string): string {
  const type = mime.getType(file) ?? 'application/octet-stream';
  return isUtf8MimeType(type) ? `${type}; charset=utf-8` : type;
}

/** Hidden files are none of the application's. */
function listFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .map(({ parentPath, name }) => join(parentPath, name).slice(join(folder, sep).length))
      .map((path) => path.split(sep).join(posix.sep));
  } catch {
    return [];
  }
}
