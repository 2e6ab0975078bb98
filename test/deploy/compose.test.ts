import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';

import { readConfig } from '../../src/config/config';
import { PROJECT } from '../support/server-process';

interface ComposeFile {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly environment: Readonly<Record<string, string>>;
        readonly deploy?: { readonly replicas: number };
        readonly volumes?: readonly string[];
        readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
        readonly healthcheck?: unknown;
      }
    >
  >;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const file = parse(readFileSync(join(PROJECT, 'deploy', 'compose.postgresql.yaml'), 'utf8')) as ComposeFile;
const { postgresql: database, 'proton-subgraph': server } = file.services;

/** What Compose replaces with a variable of the shell. */
const withPassword = (text = '') => text.replace(/\$\{POSTGRES_PASSWORD(?::\?[^}]*)?\}/g, 'abc123');

describe('The Compose file of PostgreSQL', () => {
  it('starts two servers when the database is ready, and keeps its data on a volume', () => {
    expect(server?.deploy?.replicas).toBe(2);
    expect(server?.depends_on).toEqual({ postgresql: { condition: 'service_healthy' } });
    expect(database?.healthcheck).toBeDefined();
    expect(database?.volumes).toEqual(Object.keys(file.volumes).map((name) => `${name}:/var/lib/postgresql`));
  });

  it('gives the servers the host, the user and the database of its PostgreSQL', () => {
    const { POSTGRES_USER, POSTGRES_DB, POSTGRES_PASSWORD } = database?.environment ?? {};
    const { proton } = readConfig({
      HOST: '0.0.0.0',
      ROUTER_SECRET: 'secret',
      ACCESS_KEY_ENCRYPTION_KEY: Buffer.alloc(32).toString('base64'),
      DATABASE_URL: withPassword(server?.environment['DATABASE_URL']),
    });
    expect(proton).toMatchObject({
      store: {
        connection: {
          host: 'postgresql',
          port: 5432,
          user: POSTGRES_USER,
          password: withPassword(POSTGRES_PASSWORD),
          database: POSTGRES_DB,
        },
      },
    });
  });
});
