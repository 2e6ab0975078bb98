import type { ConnectionTuple } from '../rows';
import type { Position } from './range-reads';

/** Collects rows in any order and keeps the newest ones, each once, newest first. */
export class NewestRows {
  private readonly newest: ConnectionTuple[] = [];
  private readonly ids = new Set<string>();

  constructor(private readonly limit: number) {}

  get rows(): readonly ConnectionTuple[] {
    return this.newest;
  }

  /** The position of the oldest row, once there are `limit` rows: older rows are not needed. */
  get oldest(): Position | undefined {
    const last = this.newest.at(-1);
    return last && this.newest.length >= this.limit ? [last[9], last[0]] : undefined;
  }

  add(row: ConnectionTuple): void {
    if (this.ids.has(row[0])) return;
    let index = this.newest.length;
    for (let newer = this.newest[index - 1]; newer && isNewer(row, newer); newer = this.newest[index - 1])
      index -= 1;
    if (index >= this.limit) return;
    this.newest.splice(index, 0, row);
    this.ids.add(row[0]);
    if (this.newest.length <= this.limit) return;
    const dropped = this.newest.pop();
    if (dropped) this.ids.delete(dropped[0]);
  }
}

/** By code units, as SQLite compares ids: they are lower-case UUIDs. */
function isNewer(one: ConnectionTuple, other: ConnectionTuple): boolean {
  return one[9] === other[9] ? one[0] > other[0] : one[9] > other[9];
}
