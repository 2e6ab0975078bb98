import { Client } from 'pg';

/** A statement that a store has sent. */
export interface SentStatement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** How a prepared statement is planned: for the values of each execution, or once for all values. */
export const PLAN_MODES = ['force_custom_plan', 'force_generic_plan'] as const;
export type PlanMode = (typeof PLAN_MODES)[number];

export interface Run {
  /** The pages that it read, from memory or from disk. */
  readonly buffers: number;
  /** The scans of its plan, for messages. */
  readonly scans: readonly string[];
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly PlanNode[];
}

/** Runs statements again, in a session of its own, and reports what they read. */
export async function openExplainer(url: string) {
  const client = new Client({ connectionString: url });
  await client.connect();
  return {
    async run({ text, values }: SentStatement, mode: PlanMode): Promise<Run> {
      await client.query(`SET plan_cache_mode = ${mode}`);
      await client.query('DEALLOCATE ALL');
      await client.query(`PREPARE sent AS ${text}`);
      const list = values.length === 0 ? '' : `(${values.map(literal).join(', ')})`;
      const { rows } = await client.query<{ 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>(
        `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE sent${list}`,
      );
      const plan = rows[0]?.['QUERY PLAN'][0].Plan;
      if (!plan) throw new Error('EXPLAIN returned no plan');
      return { buffers: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'], scans: scansOf(plan) };
    },
    close: () => client.end(),
  };
}

function scansOf(node: PlanNode): readonly string[] {
  const { 'Node Type': type, 'Index Name': index, Plans: plans = [] } = node;
  return [...(type.endsWith('Scan') ? [`${type} ${index ?? ''}`.trim()] : []), ...plans.flatMap(scansOf)];
}

/** A parameter as text of the type that the statement gives it. */
function literal(value: unknown): string {
  if (value === null) return 'NULL';
  const elementOf = (one: unknown) => (one === null ? 'NULL' : JSON.stringify(one));
  const text =
    typeof value === 'string'
      ? value
      : Array.isArray(value)
        ? `{${value.map(elementOf).join(',')}}`
        : JSON.stringify(value);
  return `'${text.replaceAll("'", "''")}'`;
}
