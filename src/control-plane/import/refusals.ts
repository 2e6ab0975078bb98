import { MAX_REFUSALS, type ImportRefusal, type SourceLocation } from './import-store';

/** Collects refusals: keeps the first ones, and counts all. */
export class Refusals {
  readonly #first: ImportRefusal[] = [];
  #count = 0;

  add(refusal: ImportRefusal): void {
    this.#count += 1;
    if (this.#first.length < MAX_REFUSALS) this.#first.push(refusal);
  }

  addAll(others: Refusals): void {
    for (const refusal of others.#first) this.add(refusal);
    this.#count += others.#count - others.#first.length;
  }

  get count(): number {
    return this.#count;
  }

  /** In the order of the file. */
  get first(): readonly ImportRefusal[] {
    return this.#first.toSorted((some, other) => some.location.record - other.location.record);
  }
}

/** How messages name a record. */
export function recordName({ record, logicalId }: SourceLocation): string {
  return logicalId ?? `record ${String(record)}`;
}
