import fc from 'fast-check';
import { parse } from 'graphql';

import { measureDocument } from '../../../src/graphql/limits/document-shape';

interface Selected {
  readonly text: string;
  /** How the document writes its selections. */
  readonly as: 'fields' | 'a fragment' | 'an inline fragment';
  readonly selections: readonly Selected[];
}

const { selection } = fc.letrec<{ selection: Selected }>((tie) => ({
  selection: fc.record({
    text: fc.constantFrom('a', 'b', 'x: a', 'a @skip(if: false)', 'y: b @include(if: true)'),
    as: fc.constantFrom('fields', 'a fragment', 'an inline fragment'),
    selections: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constant([]),
      fc.array(tie('selection'), { maxLength: 3 }),
    ),
  }),
}));

/** Prints a selection, and adds the fragments that it uses. Undefined `fragments` prints fields only. */
function print({ text, as, selections }: Selected, fragments: string[] | undefined): string {
  if (selections.length === 0) return text;
  const inside = selections.map((one) => print(one, fragments)).join(' ');
  if (!fragments || as === 'fields') return `${text} { ${inside} }`;
  if (as === 'an inline fragment') return `${text} { ... { ${inside} } }`;
  const name = `F${String(fragments.length)}`;
  fragments.push(`fragment ${name} on T { ${inside} }`);
  return `${text} { ...${name} }`;
}

it('A document has the same shape whether its selections are fields or fragments', () => {
  fc.assert(
    fc.property(fc.array(selection, { minLength: 1, maxLength: 4 }), (roots) => {
      const fragments: string[] = [];
      const inFragments = `{ ${roots.map((root) => print(root, fragments)).join(' ')} } ${fragments.join(' ')}`;
      const plain = `{ ${roots.map((root) => print(root, undefined)).join(' ')} }`;
      const { depth, aliases, directives, repeated, complete } = measureDocument(parse(plain), 10_000);
      expect(measureDocument(parse(inFragments), 10_000)).toMatchObject({
        depth,
        aliases,
        directives,
        repeated,
        complete,
      });
    }),
  );
});

it('Fragments that grow exponentially stop the measurement; cycles of fragments are left to validation', () => {
  const doubling = Array.from(
    { length: 60 },
    (_, index) =>
      `fragment F${String(index)} on T { a { ...F${String(index + 1)} } b { ...F${String(index + 1)} } }`,
  );
  const shape = measureDocument(parse(`{ ...F0 } ${doubling.join(' ')} fragment F60 on T { a }`), 2_000);
  expect(shape.complete).toBe(false);
  expect(shape.selections).toBeLessThan(3_000);
  const cycle = measureDocument(
    parse('{ ...A } fragment A on T { a { ...B } } fragment B on T { b { ...A } }'),
    2_000,
  );
  expect(cycle).toMatchObject({ complete: true, depth: 2 });
});
