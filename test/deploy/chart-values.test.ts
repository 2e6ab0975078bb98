import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Ajv } from 'ajv';
import { parse } from 'yaml';

import { environmentSchema } from '../../src/config/environment';
import { PROJECT } from '../support/server-process';
import { CHART, chartFile, valuesWith, type Values } from './render-chart';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly items?: Schema;
}

const schema = JSON.parse(chartFile('values.schema.json')) as Schema;
const accepts = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(schema);
const EXAMPLES = readdirSync(join(CHART, 'ci'));

/** Variables that the chart sets, or reads from a Secret or a file. */
const SET_BY_THE_CHART = [
  'NODE_ENV',
  'HOST',
  'PORT',
  'ADMIN_PORT',
  'DATABASE_URL',
  'DATABASE_LISTEN_URL',
  'DATABASE_TLS_CA_FILE',
  'PROTON_ENDPOINT_PORT',
  'PROTON_ENDPOINT_HOST',
  'PROTON_ENDPOINT_AUTH',
  'CONSOLE_PORT',
  // That of HOST.
  'CONSOLE_HOST',
  'ROUTER_SECRET',
  'ACCESS_KEY_ENCRYPTION_KEY',
  'AUTH_JWT_PUBLIC_KEY_FILE',
  // Profiles need a file. In Kubernetes the service account's role replaces them.
  'AWS_ACCOUNT_PROFILE_TEMPLATE',
];

describe('The values of the chart', () => {
  it('are valid by their schema, and so are those of every example', () => {
    expect(EXAMPLES.length).toBeGreaterThan(3);
    for (const changes of [{}, ...EXAMPLES.map((name) => parse(chartFile(join('ci', name))) as Values)]) {
      accepts(valuesWith(changes));
      expect(accepts.errors).toBeNull();
    }
  });

  it.each<[string, Values]>([
    ['two pods over one SQLite file', { replicas: 2 }],
    ['half a pod', { replicas: 0.5 }],
    ['an unknown value', { replicaCount: 1 }],
    ['an unknown nested value', { image: { name: 'proton-subgraph' } }],
    ['an unknown setting', { settings: { MAX_DEPHT: 3 } }],
    ['a secret among the settings', { settings: { ROUTER_SECRET: 'open sesame' } }],
    ['a setting that the chart sets', { settings: { HOST: '127.0.0.1' } }],
    ['a string instead of a number', { settings: { MAX_DEPTH: 'deep' } }],
    ['an account id as a number', { settings: { PROTON_DEFAULT_ACCOUNT_ID: 111_111_111_111 } }],
    ['an invalid digest', { image: { digest: 'latest' } }],
    [
      'a network policy with an empty list of peers, which would allow everyone',
      { networkPolicy: { router: [] } },
    ],
    ['an empty peer', { networkPolicy: { awsClients: [{}] } }],
    ['a peer that matches everyone', { networkPolicy: { router: [{ namespaceSelector: {} }] } }],
    ['a volume that several pods share', { store: { accessMode: 'ReadWriteMany' } }],
    ['a variable without a value', { extraEnv: [{ name: 'NODE_EXTRA_CA_CERTS' }] }],
  ])('reject %s', (_, changes) => {
    expect(accepts(valuesWith(changes))).toBe(false);
  });

  it('allow several pods on PostgreSQL and with a remote control plane, and none while a backup is restored', () => {
    const remote = { PROTON_UPSTREAM: 'aws', PROTON_ACCOUNTS: '111111111111' };
    expect(accepts(valuesWith({ replicas: 3, settings: remote }))).toBe(true);
    const secret = { name: 'proton', keys: { DATABASE_URL: 'url' } };
    expect(accepts(valuesWith({ replicas: 3, secret }))).toBe(true);
    expect(accepts(valuesWith({ replicas: 0 }))).toBe(true);
  });

  it('are exactly those of the schema, and each is used', () => {
    const values = valuesWith({});
    const named = pathsIn(values);
    // A parent chart sets `global`.
    expect(named).toEqual(schemaPathsIn(schema).filter((path) => path !== 'global'));
    const templates = readdirSync(join(CHART, 'templates')).map((name) => chartFile(join('templates', name)));
    const used = templates.flatMap((text) =>
      [...text.matchAll(/\.Values\.([\w.]+)/g)].map(([, path = '']) => path),
    );
    const isUsed = (path: string) => used.some((name) => path === name || path.startsWith(`${name}.`));
    expect(named.filter((path) => !isUsed(path))).toEqual([]);
    expect(used.filter((path) => !isKnown(path, values))).toEqual([]);
  });

  it('allow every variable of the server except those that the chart sets', () => {
    const settings = Object.keys(schema.properties?.['settings']?.properties ?? {});
    const variables = Object.keys(environmentSchema.shape);
    expect(SET_BY_THE_CHART.filter((name) => !variables.includes(name))).toEqual([]);
    expect(settings.sort()).toEqual(variables.filter((name) => !SET_BY_THE_CHART.includes(name)).sort());
  });

  it('have the version of package.json', () => {
    const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(parse(chartFile('Chart.yaml'))).toMatchObject({ name: 'proton-subgraph', appVersion: version });
  });
});

const isMap = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Maps whose keys the user chooses. */
const OPEN = ['settings'];

function pathsIn(values: Values, prefix = ''): readonly string[] {
  return Object.entries(values)
    .flatMap(([name, value]) =>
      isMap(value) && Object.keys(value).length > 0 && !OPEN.includes(name)
        ? pathsInside(value, `${prefix}${name}`)
        : [`${prefix}${name}`],
    )
    .sort();
}

/** The names of resources are the user's choice, too. */
function pathsInside(value: Values, path: string): readonly string[] {
  return path === 'resources'
    ? Object.keys(value).map((name) => `${path}.${name}`)
    : pathsIn(value, `${path}.`);
}

function schemaPathsIn({ properties = {} }: Schema, prefix = ''): readonly string[] {
  return Object.entries(properties)
    .flatMap(([name, inner]) => {
      if (inner.properties === undefined || OPEN.includes(name)) return [`${prefix}${name}`];
      expect([name, inner.additionalProperties]).toEqual([name, false]);
      return schemaPathsIn(inner, `${prefix}${name}.`);
    })
    .sort();
}

/** Whether a template's path names a value, or a key of an open map. */
function isKnown(path: string, values: Values): boolean {
  const [name = '', ...rest] = path.split('.');
  if (!(name in values)) return false;
  const value = values[name];
  return rest.length === 0 || OPEN.includes(name) || (isMap(value) && isKnown(rest.join('.'), value));
}
