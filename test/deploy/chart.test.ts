import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { rootCertificates } from 'node:tls';

import { parse } from 'yaml';

import { readConfig } from '../../src/config/config';
import { startApp } from '../support/app';
import { testUnless } from '../support/aws-commands';
import { useTemporaryFolder } from '../support/folder';
import { CHART, chartFile, renderChart, rendererMissing, type Manifest, type Values } from './render-chart';
import type { Container, NetworkPolicy, PodSpec, Service, Workload } from './manifests';

const folder = useTemporaryFolder();
const EXAMPLES = readdirSync(join(CHART, 'ci')).map((name) => name.replace('-values.yaml', ''));
const example = (name: string) => parse(chartFile(`ci/${name}-values.yaml`)) as Values;
const MINIMAL = example('router-secret');

const manifestsOf = (changes: Values) => renderChart(changes).manifests;

function specOf(manifests: readonly Manifest[], kind: RegExp): unknown {
  const found = manifests.filter((manifest) => kind.test(manifest.kind));
  expect(found).toHaveLength(1);
  return found[0]?.spec;
}

const workloadOf = (manifests: readonly Manifest[]) =>
  specOf(manifests, /^(StatefulSet|Deployment)$/) as Workload;
const podOf = (manifests: readonly Manifest[]): PodSpec => workloadOf(manifests).template.spec;
const policyOf = (manifests: readonly Manifest[]) => specOf(manifests, /^NetworkPolicy$/) as NetworkPolicy;

function containerOf(manifests: readonly Manifest[]): Container {
  const { containers } = podOf(manifests);
  const [container] = containers;
  if (!container || containers.length > 1) throw new Error('expected one container');
  return container;
}

/** The environment of the server, with generated secrets. */
function environmentOf({ env }: Container): Readonly<Record<string, string>> {
  const { publicKey } = generateKeyPairSync('ed25519');
  const files: Readonly<Record<string, string>> = {
    '/etc/proton-subgraph/public.pem': publicKey.export({ type: 'spki', format: 'pem' }) as string,
    '/etc/proton-subgraph-database/ca.pem': rootCertificates[0] ?? '',
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(folder.path(basename(path)), text);
  const secrets: Readonly<Record<string, string>> = {
    ROUTER_SECRET: 'a secret',
    ACCESS_KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    DATABASE_URL: 'postgres://proton:secret@pooler/proton?sslmode=verify-full',
    DATABASE_LISTEN_URL: 'postgres://proton:secret@primary/proton?sslmode=verify-full',
  };
  return Object.fromEntries(
    env.map(({ name, value, valueFrom }) => [
      name,
      valueFrom
        ? (secrets[name] ?? 'from a Secret')
        : value !== undefined && value in files
          ? folder.path(basename(value))
          : (value ?? ''),
    ]),
  );
}

describe.each(EXAMPLES)('The chart with the values of %s', (name) => {
  testUnless(rendererMissing, 'gives the server a valid configuration', () => {
    const container = containerOf(manifestsOf(example(name)));
    const { http, admin, proton, production, console } = readConfig(environmentOf(container));
    const ports = Object.fromEntries(container.ports.map((port) => [port.name, port.containerPort]));
    expect(production).toBe(true);
    expect(http.host).toBe('0.0.0.0');
    expect(ports).toEqual({
      graphql: http.port,
      admin: admin?.port,
      ...(proton.kind === 'embedded' && proton.awsServer && { endpoint: proton.awsServer.port }),
      ...(console?.listener && { console: console.listener.port }),
    });
    return Promise.resolve();
  });

  testUnless(
    rendererMissing,
    'renders the same with newer and older versions of Helm, which read numbers differently',
    () => {
      expect(renderChart(example(name), { exactNumbers: true })).toEqual(renderChart(example(name)));
      return Promise.resolve();
    },
  );

  testUnless(rendererMissing, 'sets nothing twice, and takes every secret from a Secret', () => {
    const manifests = manifestsOf(example(name));
    const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(names).toEqual([...new Set(names)]);
    const { env } = containerOf(manifests);
    expect(env.map((entry) => entry.name)).toEqual([...new Set(env.map((entry) => entry.name))]);
    const plain = env.filter(({ value }) => value !== undefined).map((entry) => entry.name);
    expect(plain).not.toContain('ROUTER_SECRET');
    expect(plain).not.toContain('ACCESS_KEY_ENCRYPTION_KEY');
    for (const { name: variable, value } of env) {
      if (/^DATABASE_.*URL$/.test(variable) && value !== undefined) expect(value).toMatch(/^(?:sqlite:.*)?$/);
    }
    expect(manifests.map(({ kind }) => kind)).not.toContain('Secret');
    return Promise.resolve();
  });

  testUnless(rendererMissing, 'runs without privileges, and can write to its volumes only', () => {
    const manifests = manifestsOf(example(name));
    const pod = podOf(manifests);
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      // Otherwise a service named proton-endpoint would set PROTON_ENDPOINT_PORT.
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(containerOf(manifests).securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    const { volumes } = pod;
    const claims = workloadOf(manifests).volumeClaimTemplates ?? [];
    const defined = [...volumes.map((volume) => volume.name), ...claims.map(({ metadata }) => metadata.name)];
    expect(
      containerOf(manifests)
        .volumeMounts.map((mount) => mount.name)
        .sort(),
    ).toEqual(defined.sort());
    return Promise.resolve();
  });

  testUnless(rendererMissing, 'has one service for each port of the pod', () => {
    const manifests = manifestsOf(example(name));
    const { ports } = containerOf(manifests);
    const services = manifests.filter(({ kind }) => kind === 'Service').map(({ spec }) => spec as Service);
    expect(services.map((service) => service.ports.map(({ targetPort }) => targetPort)).sort()).toEqual(
      ports.map((port) => [port.name]).sort(),
    );
    const { matchLabels } = workloadOf(manifests).selector;
    for (const { selector } of services) expect(selector).toEqual(matchLabels);
    expect(workloadOf(manifests).template.metadata.labels).toMatchObject(matchLabels);
    expect(policyOf(manifests).podSelector).toEqual({ matchLabels });
    return Promise.resolve();
  });

  testUnless(rendererMissing, 'allows the named peers only', () => {
    const manifests = manifestsOf(example(name));
    const { ports } = containerOf(manifests);
    const rules = policyOf(manifests).ingress;
    for (const { from, ports: open } of rules) {
      expect(from.length).toBeGreaterThan(0);
      expect(open).toHaveLength(1);
      expect(ports.map((port) => port.name)).toContain(open[0]?.port);
    }
    expect(policyOf(manifests).policyTypes).toContain('Ingress');
    return Promise.resolve();
  });
});

describe('The chart', () => {
  testUnless(rendererMissing, 'probes paths that the server serves', async () => {
    const container = containerOf(manifestsOf(MINIMAL));
    const app = await startApp();
    const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe];
    const statuses = await Promise.all(
      probes.map(async ({ httpGet }) => {
        expect(httpGet.port).toBe('admin');
        return (await fetch(new URL(httpGet.path, app.admin))).status;
      }),
    );
    await app.stop();
    expect(statuses).toEqual([200, 200, 200]);
    // A problem that a restart can't fix must not cause one.
    expect(container.livenessProbe.httpGet.path).not.toBe(container.readinessProbe.httpGet.path);
  });

  testUnless(rendererMissing, 'scrapes metrics from the path where the server has them', async () => {
    const manifests = manifestsOf(example('persons'));
    const { endpoints, selector } = specOf(manifests, /^ServiceMonitor$/) as {
      endpoints: readonly { port: string; path: string }[];
      selector: { matchLabels: Readonly<Record<string, string>> };
    };
    const watched = manifests.filter(
      ({ kind, metadata }) =>
        kind === 'Service' &&
        Object.entries(selector.matchLabels).every(([label, value]) => metadata.labels[label] === value),
    );
    expect(watched.map(({ spec }) => (spec as Service).ports.map((port) => port.name))).toEqual([['admin']]);
    expect(endpoints).toMatchObject([{ port: 'admin' }]);
    const app = await startApp();
    const { status } = await fetch(new URL(endpoints[0]?.path ?? '', app.admin));
    await app.stop();
    expect(status).toBe(200);
  });

  testUnless(rendererMissing, 'gives a pod more time to end than the shutdown takes', () => {
    for (const [delay, grace] of [
      [0, 0],
      [5_000, 10_000],
      [1, 600_000],
    ]) {
      const manifests = manifestsOf({
        ...MINIMAL,
        settings: { SHUTDOWN_DELAY_MS: delay, SHUTDOWN_GRACE_MS: grace },
      });
      const { timing } = readConfig(environmentOf(containerOf(manifests)));
      expect(timing.shutdown).toMatchObject({ delayMs: delay, graceMs: grace });
      const seconds = podOf(manifests).terminationGracePeriodSeconds;
      expect(seconds * 1_000).toBeGreaterThan(timing.shutdown.delayMs + timing.shutdown.graceMs + 2_000);
    }
    const { SHUTDOWN_DELAY_MS } = environmentOf(containerOf(manifestsOf(MINIMAL)));
    expect(SHUTDOWN_DELAY_MS).toBe('5000');
    return Promise.resolve();
  });

  testUnless(rendererMissing, 'runs one pod at a time, on a volume that outlives it', () => {
    const manifests = manifestsOf(MINIMAL);
    expect(manifests.map(({ kind }) => kind)).toContain('StatefulSet');
    expect(workloadOf(manifests)).toMatchObject({
      replicas: 1,
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      volumeClaimTemplates: [{ spec: { accessModes: ['ReadWriteOnce'] } }],
    });
    const { env, volumeMounts } = containerOf(manifests);
    const place = env.find((entry) => entry.name === 'DATABASE_URL')?.value ?? '';
    const { mountPath } = volumeMounts.find((mount) => mount.name === 'store') ?? { mountPath: 'nowhere' };
    expect(place.startsWith(`sqlite:${mountPath}/`)).toBe(true);
    return Promise.resolve();
  });

  testUnless(
    rendererMissing,
    'runs several pods on PostgreSQL, apart from each other and never too few',
    () => {
      const manifests = manifestsOf(example('postgresql'));
      const workload = workloadOf(manifests);
      expect(manifests.map(({ kind }) => kind)).toContain('Deployment');
      expect(workload).toMatchObject({
        replicas: 3,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      });
      expect(workload.volumeClaimTemplates).toBeUndefined();
      const { matchLabels } = workload.selector;
      expect(specOf(manifests, /^PodDisruptionBudget$/)).toEqual({
        maxUnavailable: 1,
        selector: { matchLabels },
      });
      const { podAntiAffinity } = podOf(manifests).affinity ?? {};
      const terms = podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
      expect(terms.map(({ podAffinityTerm }) => podAffinityTerm)).toEqual(
        ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
          topologyKey,
          labelSelector: { matchLabels },
        })),
      );
      const { proton } = readConfig(environmentOf(containerOf(manifests)));
      expect(proton).toMatchObject({
        store: {
          kind: 'postgres',
          connection: { host: 'pooler', ssl: { rejectUnauthorized: true } },
          listenConnection: { host: 'primary' },
          prepare: false,
        },
      });
      const one = manifestsOf({ ...example('postgresql'), replicas: 1 });
      expect(one.map(({ kind }) => kind)).not.toContain('PodDisruptionBudget');
      expect(podOf(one).affinity).toBeUndefined();
      return Promise.resolve();
    },
  );

  testUnless(
    rendererMissing,
    'allows the router to reach GraphQL only, and AWS clients when they are named',
    () => {
      const opened = (changes: Values) =>
        policyOf(manifestsOf({ ...MINIMAL, ...changes })).ingress.map(({ from, ports }) => [
          ports[0]?.port,
          from,
        ]);
      const router = [{ ipBlock: { cidr: '192.0.2.1/32' } }];
      const scripts = [{ ipBlock: { cidr: '192.0.2.2/32' } }];
      expect(opened({ networkPolicy: { router, monitoring: [] } })).toEqual([['graphql', router]]);
      expect(opened({ networkPolicy: { router, monitoring: [], awsClients: scripts } })).toEqual([
        ['graphql', router],
        ['endpoint', scripts],
      ]);
      const closed = policyOf(manifestsOf({ ...MINIMAL, networkPolicy: { router, egress: [] } }));
      expect(closed).toMatchObject({ policyTypes: ['Ingress', 'Egress'], egress: [] });
      return Promise.resolve();
    },
  );

  testUnless(rendererMissing, 'prints the addresses for the router and AWS clients in its notes', () => {
    const { manifests, notes } = renderChart(MINIMAL);
    for (const { kind, metadata } of manifests) {
      if (kind === 'Service' && !metadata.name.endsWith('-admin'))
        expect(notes).toContain(`http://${metadata.name}.platform.svc:`);
    }
    expect(notes).toContain('router-authorization');
    return Promise.resolve();
  });

  const REJECTED: readonly (readonly [string, Values, RegExp])[] = [
    ['two pods over one file', { ...MINIMAL, replicas: 2 }, /replicas must be 1/],
    [
      'the URL of a database without a Secret, or with a control plane elsewhere',
      { ...MINIMAL, secret: { name: '', keys: { DATABASE_URL: 'DATABASE_URL' } } },
      /must be set, and settings\.PROTON_UPSTREAM must not/,
    ],
    [
      'certificates of a database where there is none',
      { ...MINIMAL, databaseCertificates: { configMap: 'authority' } },
      /secret\.keys\.DATABASE_URL names none/,
    ],
    ['a server without authentication', { ...MINIMAL, secret: { name: '' } }, /would not be authenticated/],
    [
      'access keys without an encryption key',
      { ...MINIMAL, secret: { name: 'proton-subgraph', keys: { ACCESS_KEY_ENCRYPTION_KEY: '' } } },
      /encrypted with ACCESS_KEY_ENCRYPTION_KEY/,
    ],
    [
      'a router that signs, without an encryption key',
      { ...example('public-key'), settings: { ROUTER_ACCESS_KEY_IDS: 'AKIAEXAMPLEEXAMPLE12' } },
      /encrypted with ACCESS_KEY_ENCRYPTION_KEY/,
    ],
    [
      'two authentication methods for the router',
      { ...MINIMAL, settings: { ROUTER_ACCESS_KEY_IDS: 'AKIAEXAMPLEEXAMPLE12' } },
      /ROUTER_SECRET or with signatures/,
    ],
    ['an empty list of routers', { ...MINIMAL, networkPolicy: { router: [] } }, /empty list allows everyone/],
    [
      'credentials in a plain header',
      { ...MINIMAL, settings: { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=secret' } },
      /take it from a Secret/,
    ],
    ['no image', { secret: { name: 'proton-subgraph' } }, /image\.repository/],
  ];
  for (const [what, values, message] of REJECTED) {
    testUnless(rendererMissing, `rejects ${what}, even without the schema`, () => {
      expect(() => manifestsOf(values)).toThrow(message);
      return Promise.resolve();
    });
  }
});
