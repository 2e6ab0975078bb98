/** A request's variables, not coerced. */
export type VariableValues = Readonly<Record<string, unknown>>;

/** A number that may depend on a request's variables. A plain number does not. */
export type Amount = number | ((variables: VariableValues) => number);

export function amountIn(amount: Amount, variables: VariableValues): number {
  return typeof amount === 'number' ? amount : amount(variables);
}

export function sumOf(amounts: readonly Amount[]): Amount {
  let fixed = 0;
  const others: Exclude<Amount, number>[] = [];
  for (const amount of amounts) {
    if (typeof amount === 'number') fixed += amount;
    else others.push(amount);
  }
  if (others.length === 0) return fixed;
  return (variables) => {
    let sum = fixed;
    for (const other of others) sum += other(variables);
    return sum;
  };
}

export function productOf(one: Amount, other: Amount): Amount {
  if (one === 0 || other === 0) return 0;
  if (one === 1) return other;
  if (other === 1) return one;
  if (typeof one === 'number' && typeof other === 'number') return one * other;
  return (variables) => {
    const factor = amountIn(one, variables);
    return factor === 0 ? 0 : factor * amountIn(other, variables);
  };
}
