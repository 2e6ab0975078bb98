import fc from 'fast-check';

import { printable } from '../../src/telemetry/printable';

describe('Text from a client, in the log', () => {
  it('is one line without control characters, within the maximum length', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.integer({ min: 1, max: 40 }),
        (text, maxLength) => {
          const printed = printable(text, maxLength);
          expect(printed.length).toBeLessThanOrEqual(maxLength + 1);
          // Cs: no surrogate pair is cut.
          expect(printed).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        },
      ),
    );
  });

  it('is unchanged when it is printable', () => {
    expect(printable('Zoë O’Neill <zoe@example.com>', 128)).toBe('Zoë O’Neill <zoe@example.com>');
  });
});
