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
/** Where Debian's packages of Go libraries lie. */
const GO_PATH = '/usr/share/gocode';
const LIBRARIES = ['github.com/Masterminds/sprig', 'sigs.k8s.io/yaml'];

export type Values = Readonly<Record<string, unknown>>;

export interface Manifest {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: unknown;
}

/** Why charts can't be rendered here; undefined where they can. */
export const rendererMissing = whyMissing();

function whyMissing(): string | undefined {
  if (spawnSync('go', ['version'], { stdio: 'ignore' }).status !== 0) return 'no Go on this machine';
  const absent = LIBRARIES.filter((name) => !existsSync(join(GO_PATH, 'src', name)));
  return absent.length === 0 ? undefined : `no ${absent.join(' and ')} in ${GO_PATH}`;
}

export const chartFile = (name: string) => readFileSync(join(CHART, name), 'utf8');

/** The values of the chart with some of them replaced, as Helm puts them together: maps grow together, null takes away. */
export function valuesWith(changes: Values): Values {
  return merged(parse(chartFile('values.yaml')) as Values, changes);
}

function merged(values: Values, changes: Values): Values {
  const result: Record<string, unknown> = { ...values };
  for (const [name, change] of Object.entries(changes)) {
    const value = values[name];
    if (change === null && value !== null) Reflect.deleteProperty(result, name);
    else result[name] = isMap(value) && isMap(change) ? merged(value, change) : change;
  }
  return result;
}

const isMap = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * What Helm would send to the cluster, and the notes that it prints.
 * @param exactNumbers whether numbers reach the templates as in the newer versions of Helm, or as in the older ones
 * @throws Error where a template refuses the values
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
  const answer = JSON.parse(stdout) as { rendered: Readonly<Record<string, string>> } | { error: string };
  if ('error' in answer) throw new Error(answer.error);
  const texts = Object.entries(answer.rendered);
  return {
    manifests: texts.filter(([name]) => name.endsWith('.yaml')).flatMap(([, text]) => manifestsIn(text)),
    notes: answer.rendered[`${chart.name}/templates/NOTES.txt`] ?? '',
  };
}

function manifestsIn(text: string): readonly Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    // Two entries of one name would be one too few.
    const [mistake] = [...document.errors, ...document.warnings];
    if (mistake) throw mistake;
    const manifest = document.toJS() as Manifest | null;
    return manifest === null ? [] : [manifest];
  });
}

/** Built once for each state of its source, and kept for the next time. */
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
