import type { z } from 'zod';

import { SECTIONS } from '../src/config/environment';

/** The reference page of all environment variables, in Markdown, generated from the table that the server parses them with. */
export function configurationPage(): string {
  return [
    '# Configuration',
    'All configuration comes from environment variables. An empty variable counts as unset, except `ROUTER_SECRET` and ' +
      '`ROUTER_ACCESS_KEY_IDS`. The server lists all mistakes at once and exits with code 1. OpenTelemetry’s variables are in ' +
      '[Operating](../guides/operating.md).',
    'This page is generated from [`src/config`](../../src/config/environment.ts) by `npm run docs`.',
    ...SECTIONS.flatMap(({ title, introduction, variables }) => [
      `## ${title}`,
      ...(introduction === undefined ? [] : [introduction]),
      [
        '| Variable | Default | Description |',
        '| --- | --- | --- |',
        ...Object.entries<z.ZodType>(variables).map(
          ([name, type]) => `| \`${name}\` | ${defaultOf(type)} | ${type.description ?? ''} |`,
        ),
      ].join('\n'),
    ]),
  ].join('\n\n');
}

function defaultOf(type: z.ZodType): string {
  const shown = type.meta()?.['shownDefault'];
  if (typeof shown === 'string') return shown;
  const { def } = type;
  return def.type === 'default' && 'defaultValue' in def ? `\`${String(def.defaultValue)}\`` : 'none';
}
