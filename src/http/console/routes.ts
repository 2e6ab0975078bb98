import { join } from 'node:path';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { ResponseHeaders } from '../../graphql/request-error';
import { ROOT_FOLDER } from '../../root-folder';
import { PUBLIC_FILE } from '../hooks/public-file';
import { builtFiles, type BuiltFiles } from './built-files';
import { consoleHeaders, explorerHeaders } from './security-headers';
import { pageSettings, type ConsoleSettings } from './settings';

export const CONSOLE_PATH = '/console';
const EXPLORER_PATH = '/explorer';

/** Where `npm run build` puts them. */
const DIST = join(ROOT_FOLDER, 'dist');

export interface ConsoleOptions {
  readonly settings: ConsoleSettings;
  /** Whether the explorer is served, which needs introspection. */
  readonly withExplorer: boolean;
  /** The folder with the folders `console` and `explorer`. */
  readonly folder?: string;
}

/** The pages that a server has; undefined for those that are turned off or were not built. */
export interface Pages {
  readonly console: string | undefined;
  readonly explorer: string | undefined;
}

/** Serves the console, the explorer and their settings, and sends browsers from `/` to the console. */
export function addConsoleRoutes(
  server: FastifyInstance,
  { settings, withExplorer, folder = DIST }: ConsoleOptions,
): Pages {
  const console = builtFiles(join(folder, 'console'));
  const explorer = builtFiles(join(folder, 'explorer'));
  const hasExplorer = withExplorer && explorer.isBuilt;
  if (!console.isBuilt) return { console: undefined, explorer: undefined };

  addFile(server, '/', (request, reply) =>
    asksForPage(request) ? reply.redirect(`${CONSOLE_PATH}/`) : notFound(reply),
  );
  const explorerUrl = hasExplorer ? `${EXPLORER_PATH}/` : undefined;
  const pageConfig = pageSettings(settings, explorerUrl);
  const headers = consoleHeaders(settings);
  addFile(server, `${CONSOLE_PATH}/config.json`, (_request, reply) =>
    reply.headers(headers).send(pageConfig),
  );
  addApplication(server, CONSOLE_PATH, { files: console, headers });
  if (hasExplorer)
    addApplication(server, EXPLORER_PATH, { files: explorer, headers: explorerHeaders(settings) });
  return { console: CONSOLE_PATH, explorer: explorerUrl };
}

/** Whether a path belongs to a page, so that it takes no other methods. */
export function isPagePath(path: string, pages: Pages): boolean {
  const below = (root: string) => path === root || path.startsWith(`${root}/`);
  return (
    (pages.console !== undefined && below(CONSOLE_PATH)) ||
    (pages.explorer !== undefined && below(EXPLORER_PATH))
  );
}

/** Serves the files below a path. The application itself finds out which view another path below it names. */
function addApplication(
  server: FastifyInstance,
  path: string,
  { files, headers }: { readonly files: BuiltFiles; readonly headers: ResponseHeaders },
): void {
  const send = (request: FastifyRequest, reply: FastifyReply, file: string) =>
    files.send(request, reply.headers(headers), file);
  addFile(server, path, (request, reply) => send(request, reply, 'index.html'));
  addFile(server, `${path}/*`, (request, reply) => {
    const { '*': file } = request.params as { readonly '*': string };
    if (files.has(file)) return send(request, reply, file);
    const isView = file === '' || (asksForPage(request) && !file.startsWith('assets/'));
    return isView ? send(request, reply, 'index.html') : notFound(reply);
  });
}

function addFile(
  server: FastifyInstance,
  url: string,
  handler: (request: FastifyRequest, reply: FastifyReply) => FastifyReply | Promise<FastifyReply>,
): void {
  server.route({ method: ['GET', 'HEAD'], url, config: PUBLIC_FILE, handler });
}

function notFound(reply: FastifyReply): FastifyReply {
  reply.callNotFound();
  return reply;
}

/** Whether a browser asks for a page to show. */
function asksForPage({ headers }: FastifyRequest): boolean {
  return (headers.accept ?? '').includes('text/html');
}
