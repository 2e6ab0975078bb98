import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { startApp } from './support/app';
import { PROJECT } from './support/server-process';

const PAGES = [
  'README.md',
  'SECURITY.md',
  'deploy/helm/proton-subgraph/README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(PROJECT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
  'bench/README.md',
  'examples/supergraph/README.md',
  'examples/frontend/README.md',
];
const read = (path: string) => readFileSync(join(PROJECT, path), 'utf8');
const readme = read('README.md');

describe('The README', () => {
  it('has a first command that does what it says', async () => {
    const body =
      /curl http:\/\/127\.0\.0\.1:4001\/graphql -H 'content-type: application\/json' -d '([^']*)'/.exec(
        readme,
      )?.[1] ?? '';
    const answer = /```json\n([^`]*)```/.exec(readme)?.[1] ?? '';
    const app = await startApp();
    const response = await fetch(app.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const actual: unknown = await response.json();
    await app.stop();
    expect(shapeOf(actual)).toEqual(shapeOf(JSON.parse(answer)));
  });

  it('names only commands that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = PAGES.flatMap((page) =>
      [...read(page).matchAll(/npm run ([a-z:-]+)/g)].map(([, name = '']) => name),
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

describe('Every page', () => {
  it('shows operations as their files hold them', () => {
    const shown = PAGES.flatMap((page) => [
      ...read(page).matchAll(/<!-- operation: (\S+) -->\s+```graphql\n([^`]*)```/g),
    ]);
    expect(shown.length).toBeGreaterThan(1);
    for (const [, name = '', text] of shown) expect(text).toBe(read(join('schema', 'operations', name)));
  });

  it.each(PAGES)('%s links only to what is there', (page) => {
    const targets = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = '']) => target);
    expect(targets.filter((target) => !existsSync(join(PROJECT, dirname(page), target)))).toEqual([]);
  });
});

/** An answer with what differs from run to run replaced by its kind. */
function shapeOf(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value)
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'INSTANT'),
  );
}
