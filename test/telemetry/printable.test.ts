import fc from 'fast-check';

import { printable } from '../../src/telemetry/printable';

describe('What a caller chose, in the log', () => {
  it('stays on one line and within its bounds, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.integer({ min: 1, max: 40 }),
        (text, most) => {
          const shown = printable(text, most);
          expect(shown.length).toBeLessThanOrEqual(most + 1);
          // Nor is a character cut in two.
          expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        },
      ),
    );
  });

  it('is left as it is where nothing is wrong with it', () => {
    expect(printable('Zoë O’Neill <zoe@example.com>', 128)).toBe('Zoë O’Neill <zoe@example.com>');
  });
});
