export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ScrapedMetrics {
  readonly contentType: string | null;
  readonly text: string;
  /** The type of each metric, by its name. */
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly Sample[];
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Scrapes a server as Prometheus does. */
export async function readMetrics(admin: string | undefined): Promise<ScrapedMetrics> {
  const response = await fetch(`${admin ?? ''}/metrics`);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`/metrics returned ${String(response.status)}: ${text}`);
  return parseMetrics(text, response.headers.get('content-type'));
}

/** Reads Prometheus's text format. */
export function parseMetrics(text: string, contentType: string | null): ScrapedMetrics {
  const lines = text.split('\n');
  return {
    contentType,
    text,
    types: new Map(
      lines.flatMap((line) => {
        const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
        return name !== undefined && type !== undefined ? [[name, type] as const] : [];
      }),
    ),
    samples: lines.flatMap((line) => {
      const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
      if (name === undefined) return [];
      const pairs = [...labels.matchAll(LABEL)].map(([, label = '', text = '']) => [label, text]);
      return [{ name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) }];
    }),
  };
}

/** The sum of the samples with these labels; 0 if there are none. */
export function valueOf(
  { samples }: ScrapedMetrics,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const found = samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  return found.reduce((sum, { value }) => sum + value, 0);
}
