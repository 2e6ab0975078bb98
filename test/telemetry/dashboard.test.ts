import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { parser } from '@prometheus-io/lezer-promql';

import { createMetrics } from '../../src/telemetry/metrics';
import { startApp } from '../support/app';
import { parseMetrics, readMetrics, type ScrapedMetrics } from '../support/metrics';
import { PROJECT } from '../support/server-process';
import { SECRET } from '../support/webhook-receiver';
import { exercise } from './exercise';

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const dashboard = JSON.parse(
  readFileSync(join(PROJECT, 'deploy', 'grafana', 'proton-subgraph.json'), 'utf8'),
) as { readonly panels: readonly Panel[] };

const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr, legendFormat }) => ({ title, expr, legendFormat })),
);

/** The labels that Prometheus adds to every scraped series. */
const ADDED_LABELS = ['job', 'instance'];

let metrics: ScrapedMetrics;
beforeAll(async () => {
  const app = await startApp({ EVENTS_WEBHOOK_URL: 'http://127.0.0.1:9/', EVENTS_WEBHOOK_SECRET: SECRET });
  await exercise(app, 'someone');
  collectGarbage();
  const ofSqlite = await readMetrics(app.admin);
  await app.stop();
  const ofPostgres = await postgresMetrics();
  metrics = {
    ...ofSqlite,
    types: new Map([...ofPostgres.types, ...ofSqlite.types]),
    samples: [...ofSqlite.samples, ...ofPostgres.samples],
  };
});

/** Its time is a metric that exists after the first collection. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** The metrics that only a server on PostgreSQL has. */
async function postgresMetrics(): Promise<ScrapedMetrics> {
  const { page, watchPool } = createMetrics();
  watchPool(() => ({ size: 8, idle: 7, waiting: 0 }));
  const { text } = await page();
  const { samples, ...others } = parseMetrics(text, null);
  return {
    ...others,
    samples: samples.filter(({ name }) => /^proton_subgraph_store_(?:pool|retries)_/.test(name)),
  };
}

interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

interface ParsedQuery {
  readonly selectors: readonly Selector[];
  /** The labels of `by` clauses. */
  readonly grouping: readonly string[];
}

/** Parses a query with Prometheus's grammar. */
function parseQuery(expr: string): ParsedQuery {
  // Grafana replaces these variables.
  const text = expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', '.+');
  const selectors: { metric: string; labels: string[] }[] = [];
  const grouping: string[] = [];
  parser.parse(text).iterate({
    enter({ type, from, to, node }) {
      if (type.isError) throw new Error(`${expr} is not PromQL, at ${String(from)}`);
      const name = text.slice(from, to);
      if (type.name === 'VectorSelector') selectors.push({ metric: '', labels: [] });
      if (type.name === 'Identifier' && node.parent?.type.name === 'VectorSelector') {
        selectors.splice(-1, 1, { metric: name, labels: [] });
      }
      if (type.name !== 'LabelName') return;
      if (node.parent?.type.name === 'GroupingLabels') grouping.push(name);
      else selectors.at(-1)?.labels.push(name);
    },
  });
  return { selectors, grouping };
}

function labelsOf(metric: string): ReadonlySet<string> {
  return new Set([
    ...ADDED_LABELS,
    ...metrics.samples.filter(({ name }) => name === metric).flatMap(({ labels }) => Object.keys(labels)),
  ]);
}

describe('The Grafana dashboard', () => {
  it.each(queries)('uses only existing metrics and labels in "$title": $expr', ({ expr, legendFormat }) => {
    const { selectors, grouping } = parseQuery(expr);
    expect(selectors).not.toHaveLength(0);
    const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
    for (const { metric, labels } of selectors) {
      expect(metrics.samples.some(({ name }) => name === metric)).toBe(true);
      const known = [...labelsOf(metric)];
      expect(known).toEqual(expect.arrayContaining([...labels, ...grouping, ...shown]));
    }
  });

  it('shows every proton_subgraph_ metric', () => {
    const shown = new Set(
      queries.flatMap(({ expr }) => parseQuery(expr).selectors.map(({ metric }) => withoutSuffix(metric))),
    );
    const own = [...metrics.types.keys()].filter((name) => name.startsWith('proton_subgraph_'));
    expect(own.length).toBeGreaterThan(8);
    expect([...shown]).toEqual(expect.arrayContaining(own));
  });
});

function withoutSuffix(name: string): string {
  return name.replace(/_(bucket|sum|count)$/, '');
}

describe('The table of metrics in docs/guides/operating.md', () => {
  const rows = readFileSync(join(PROJECT, 'docs', 'guides', 'operating.md'), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, name, type, labels] = /^\| `(\w+)`\s*\| (\w+)\s*\| (.*?)\s*\|/.exec(line) ?? [];
      return name === undefined ? [] : [{ name, type, labels: labels?.match(/\w+/g) ?? [] }];
    });

  it('has every proton_subgraph_ metric, with its type', () => {
    const own = [...metrics.types].filter(([name]) => name.startsWith('proton_subgraph_'));
    expect(rows.map(({ name, type }) => [name, type]).sort()).toEqual(own.sort());
  });

  it.each(rows)('has the labels of $name', ({ name, labels }) => {
    const samples = metrics.samples.filter((sample) => withoutSuffix(sample.name) === name);
    const seen = new Set(
      samples.flatMap((sample) => Object.keys(sample.labels)).filter((label) => label !== 'le'),
    );
    expect(samples.length).toBeGreaterThan(0);
    expect([...seen].sort()).toEqual([...labels].sort());
  });
});
