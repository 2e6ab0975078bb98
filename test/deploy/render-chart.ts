import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { parse, parseAllDocuments } from 'yaml';

import { PROJECT } from '../support/server-process';
import { shell } from '../support/shell';

export const CHART = join(PROJECT, 'deploy', 'helm', 'proton-subgraph');
const RENDERER = join(__dirname, 'render', 'main.go');
/** Where Debian's packages install Go libraries. */
const GO_PATH = '/usr/share/gocode';
const LIBRARIES = ['github.com/Masterminds/sprig', 'sigs.k8s.io/yaml'];

export type Values = Readonly<Record<string, unknown>>;

export interface Manifest {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: unknown;
}

/** Why charts can't be rendered here; undefined if they can. */
export const rendererMissing = whyMissing();

function whyMissing(): string | undefined {
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).status !== 0) return 'no Go on this machine';
  const absent = LIBRARIES.filter((name) => !existsSync(join(GO_PATH, 'src', name)));
  return absent.length === 0 ? undefined : `no ${absent.join(' and ')} in ${GO_PATH}`;
}

export const chartFile = (name: string) => readFileSync(join(CHART, name), 'utf8');

/** The chart's values with changes, merged as Helm does: maps are merged, null deletes. */
export function valuesWith(changes: Values): Values {
  return merge(parse(chartFile('values.yaml')) as Values, changes);
}

function merge(values: Values, changes: Values): Values {
  const result: Record<string, unknown> = { ...values };
  for (const [name, change] of Object.entries(changes)) {
    const value = values[name];
    if (change === null && value !== null) Reflect.deleteProperty(result, name);
    else result[name] = isMap(value) && isMap(change) ? merge(value, change) : change;
  }
  return result;
}

const isMap = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Renders the manifests and the notes of the chart.
 * @param exactNumbers reads numbers as newer versions of Helm do
 * @throws Error when a template rejects the values
 */
export function renderChart(
  changes: Values,
  { exactNumbers = false }: { readonly exactNumbers?: boolean } = {},
): { readonly manifests: readonly Manifest[]; readonly notes: string } {
  const chart = parse(chartFile('Chart.yaml')) as { name: string; version: string; appVersion: string };
  const names = readdirSync(join(CHART, 'templates')).map((name) => `templates/${name}`);
  const { status, stdout, stderr } = spawnSync(renderer(), {
    input: JSON.stringify({
      templates: Object.fromEntries(names.map((name) => [`${chart.name}/${name}`, chartFile(name)])),
      values: valuesWith(changes),
      chart: { Name: chart.name, Version: chart.version, AppVersion: chart.appVersion },
      release: { Name: 'connections', Namespace: 'platform', Service: 'Helm' },
      exactNumbers,
    }),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  const result = JSON.parse(stdout) as { rendered: Readonly<Record<string, string>> } | { error: string };
  if ('error' in result) throw new Error(result.error);
  const texts = Object.entries(result.rendered);
  return {
    manifests: texts.filter(([name]) => name.endsWith('.yaml')).flatMap(([, text]) => manifestsIn(text)),
    notes: result.rendered[`${chart.name}/templates/NOTES.txt`] ?? '',
  };
}

function manifestsIn(text: string): readonly Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    // Duplicate keys are errors.
    const [mistake] = [...document.errors, ...document.warnings];
    if (mistake) throw mistake;
    const manifest = document.toJS() as Manifest | null;
    return manifest === null ? [] : [manifest];
  });
}

/** Builds the renderer, or returns the binary of an earlier build of the same source. */
function renderer(): string {
  const source = readFileSync(RENDERER);
  const hash = createHash('sha256').update(source).digest('hex').slice(0, 16);
  const binary = join(tmpdir(), `proton-subgraph-render-chart-${hash}`);
  if (existsSync(binary)) return binary;
  const built = join(mkdtempSync(`${binary}-`), 'render');
  shell('cd test/deploy/render && go build -o "$BUILT" .', {
    BUILT: built,
    GO111MODULE: 'off',
    GOPATH: GO_PATH,
    GOFLAGS: '',
    GOCACHE: join(tmpdir(), 'proton-subgraph-go'),
  });
  renameSync(built, binary);
  rmSync(dirname(built), { recursive: true });
  return binary;
}
