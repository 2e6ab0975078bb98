import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { testUnless } from '../support/aws-commands';
import { useTemporaryFolder } from '../support/folder';
import { dataOf } from '../support/graphql-client';
import { PROJECT, startServerProcess } from '../support/server-process';
import { shell, versionOf } from '../support/shell';

const [, section = ''] =
  /\n## In four steps\n([\s\S]*?)\n## /.exec(
    readFileSync(join(PROJECT, 'docs', 'guides', 'coming-from-aws.md'), 'utf8'),
  ) ?? [];
const [bring = '', start = '', point = ''] = [...section.matchAll(/```sh\n([^`]*)```/g)].map(
  ([, commands = '']) => commands,
);

/** The versions of the aws command that read AWS_ENDPOINT_URL_PROTON. */
const KNOWS_ENDPOINT_VARIABLES = /^aws-cli\/(1\.(29|[3-9]\d)|2\.(1[3-9]|[2-9]\d))\./;
const cannotFollow = KNOWS_ENDPOINT_VARIABLES.test(versionOf('aws'))
  ? undefined
  : 'no aws command that is new enough on this machine';

describe('The page “Coming from AWS Proton”', () => {
  const folder = useTemporaryFolder();

  testUnless(cannotFollow, 'works when its commands are run', async () => {
    const database = { DATABASE_URL: `sqlite:${folder.path('proton.db')}` };
    // The project is already installed and built.
    expect(bring).toMatch(/^npm ci && npm run build\n/);
    shell(bring.replace('npm ci && npm run build\n', ''), database);
    expect(start).toBe('npm start\n');
    const server = await startServerProcess(database);

    // The page uses the default port, and this server a free one.
    expect(point).toContain('http://127.0.0.1:4002');
    const printed = shell(point.replaceAll('http://127.0.0.1:4002', server.protonEndpoint ?? ''));

    const [listed, created] = printed
      .split(/(?<=^\})\n/m)
      .filter(Boolean)
      .map((text) => JSON.parse(text) as Record<string, unknown>);
    expect(listed?.['environmentAccountConnections']).toMatchObject([
      { environmentName: 'orders-production', status: 'PENDING' },
      { environmentName: 'search-staging', status: 'PENDING' },
      { id: 'a1b2c3d4-5678-4abc-9def-111111111111', status: 'CONNECTED' },
    ]);
    expect(created?.['environmentAccountConnection']).toMatchObject({ environmentName: 'payments-prod' });
    const { environmentAccountConnections } = await dataOf<Record<string, unknown>, unknown>(
      server.url,
      '{ environmentAccountConnections { totalCount } }',
    );
    expect(environmentAccountConnections).toEqual({ totalCount: 4 });
    expect(await server.end('SIGTERM')).toBe(0);
  });
});
