import { MOST_REFUSALS, type ImportRefusal } from './import-store';

/** Gathers what is refused: the first in full, the rest as a number. */
export class Refusals {
  readonly #first: ImportRefusal[] = [];
  #count = 0;

  add(refusal: ImportRefusal): void {
    this.#count += 1;
    if (this.#first.length < MOST_REFUSALS) this.#first.push(refusal);
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
    return this.#first.toSorted((some, other) => some.place.record - other.place.record);
  }
}

/** How a record is named in a message about another. */
export function nameOfPlace({ record, logicalId }: ImportRefusal['place']): string {
  return logicalId ?? `record ${String(record)}`;
}
