import type { ConnectionTuple } from '../rows';
import type { Position } from './range-reads';

/** Collects rows in any order and keeps the newest ones, each once, newest first. */
export class NewestRows {
  private readonly kept: ConnectionTuple[] = [];
  private readonly ids = new Set<string>();

  constructor(private readonly limit: number) {}

  get rows(): readonly ConnectionTuple[] {
    return this.kept;
  }

  /** Rows that are older than this are not kept any more; undefined while there is room. */
  get oldest(): Position | undefined {
    const last = this.kept.at(-1);
    return last && this.kept.length >= this.limit ? [last[9], last[0]] : undefined;
  }

  add(row: ConnectionTuple): void {
    if (this.ids.has(row[0])) return;
    let place = this.kept.length;
    for (let newer = this.kept[place - 1]; newer && isNewer(row, newer); newer = this.kept[place - 1])
      place -= 1;
    if (place >= this.limit) return;
    this.kept.splice(place, 0, row);
    this.ids.add(row[0]);
    if (this.kept.length <= this.limit) return;
    const dropped = this.kept.pop();
    if (dropped) this.ids.delete(dropped[0]);
  }
}

/** By code units, as SQLite compares ids: they are lower-case UUIDs. */
function isNewer(one: ConnectionTuple, other: ConnectionTuple): boolean {
  return one[9] === other[9] ? one[0] > other[0] : one[9] > other[9];
}
