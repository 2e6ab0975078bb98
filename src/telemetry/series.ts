import type { Metric, Registry } from 'prom-client';

type Labels = Readonly<Record<string, string>>;

/** What the registry writes of a metric. */
interface Snapshot {
  readonly type: 'counter' | 'histogram';
  readonly values: readonly {
    readonly labels: Readonly<Record<string, string | number>>;
    readonly value: number;
    readonly metricName?: string;
  }[];
}

interface SeriesOptions {
  readonly name: string;
  readonly help: string;
  readonly registry: Registry;
}

/**
 * A counter of prom-client's registry for events that happen in each request. prom-client checks, sorts and joins the labels of each
 * increment; here the caller gives the joined text, and the labels only for the first one.
 */
export class FastCounter {
  private readonly series = new Map<string, { readonly labels: Labels; value: number }>();

  constructor(options: SeriesOptions) {
    register(options, () => this.snapshot());
  }

  /** @param key identifies the labels */
  increment(key: string, labels: () => Labels, by = 1): void {
    const known = this.series.get(key);
    if (known) known.value += by;
    else this.series.set(key, { labels: labels(), value: by });
  }

  private snapshot(): Snapshot {
    const values = [...this.series.values()].map(({ labels, value }) => ({ labels, value }));
    return { type: 'counter', values };
  }
}

/** A histogram of durations, like `FastCounter`. */
export class FastHistogram {
  private readonly series = new Map<
    string,
    { readonly labels: Labels; readonly counts: number[]; sum: number }
  >();

  /** @param buckets their upper bounds, in seconds, ascending */
  constructor(private readonly options: SeriesOptions & { readonly buckets: readonly number[] }) {
    register(options, () => this.snapshot());
  }

  /** @param key identifies the labels */
  observe(key: string, labels: () => Labels, seconds: number): void {
    const { buckets } = this.options;
    let series = this.series.get(key);
    if (!series) {
      series = { labels: labels(), counts: new Array<number>(buckets.length + 1).fill(0), sum: 0 };
      this.series.set(key, series);
    }
    let index = 0;
    while (index < buckets.length && seconds > (buckets[index] ?? Infinity)) index += 1;
    series.counts[index] = (series.counts[index] ?? 0) + 1;
    series.sum += seconds;
  }

  private snapshot(): Snapshot {
    const { name, buckets } = this.options;
    const values = [...this.series.values()].flatMap(({ labels, counts, sum }) => {
      let count = 0;
      const cumulative = [...buckets, '+Inf'].map((le, index) => {
        count += counts[index] ?? 0;
        return { labels: { le, ...labels }, value: count, metricName: `${name}_bucket` };
      });
      return [
        ...cumulative,
        { labels, value: sum, metricName: `${name}_sum` },
        { labels, value: count, metricName: `${name}_count` },
      ];
    });
    return { type: 'histogram', values };
  }
}

/** The registry asks each metric for its name and its values, and nothing else. */
function register({ registry, name, help }: SeriesOptions, snapshot: () => Snapshot): void {
  const get = () => Promise.resolve({ name, help, aggregator: 'sum', ...snapshot() });
  registry.registerMetric({ name, get, reset: () => undefined } as unknown as Metric);
}
