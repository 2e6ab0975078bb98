/** Collects the parameters of a query while its text is written. Texts depend on the shape of a query alone, not on its values. */
export class Parameters {
  private readonly collected: unknown[] = [];

  /** Returns the parameter's placeholder, as in `$1::text`. An array of a type is `type[]`. */
  add(value: unknown, type: 'text' | 'text[]' | 'uuid' | 'uuid[]' | 'bigint' | 'bigint[]'): string {
    this.collected.push(value);
    return `$${String(this.collected.length)}::${type}`;
  }

  get values(): readonly unknown[] {
    return this.collected;
  }
}
