import fc from 'fast-check';

import { parseTimestamp } from '../../src/cli/import/timestamp';

const instants = fc.date({
  min: new Date(0),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
});
const offsets = fc.integer({ min: -14 * 60, max: 14 * 60 });

function withOffset(instant: Date, minutes: number): string {
  const local = new Date(instant.getTime() + minutes * 60_000).toISOString().replace('Z', '');
  const size = Math.abs(minutes);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${local}000${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

describe('The times of a record', () => {
  it('are the same instant with any offset, and as epoch seconds', () => {
    fc.assert(
      fc.property(instants, offsets, (instant, minutes) => {
        const shifted = new Date(instant.getTime() + minutes * 60_000);
        fc.pre(shifted.getTime() >= 0 && shifted.getUTCFullYear() <= 9999);
        expect(parseTimestamp(withOffset(instant, minutes))).toBe(instant.getTime());
        expect(parseTimestamp(instant.toISOString())).toBe(instant.getTime());
        // From 2 ** 33 seconds on, in the year 2242, numbers are more than a microsecond apart.
        const seconds = instant.getTime() / 1000;
        if (seconds < 2 ** 33) expect(parseTimestamp(seconds)).toBe(instant.getTime());
      }),
    );
  });

  it.each([
    ['2024-03-04T17:41:02+01:00', '2024-03-04T16:41:02.000Z'],
    ['2024-03-04T17:41:02.481999Z', '2024-03-04T16:41:02.481Z'.replace('16', '17')],
    ['2024-03-04 17:41:02.4-0530', '2024-03-04T23:11:02.400Z'],
    ['2024-02-29t00:00:00z', '2024-02-29T00:00:00.000Z'],
    [1717413912.33, '2024-06-03T11:25:12.330Z'],
    [1669158770.1239, '2022-11-22T23:12:50.123Z'],
    [1600000000, '2020-09-13T12:26:40.000Z'],
    [0, '1970-01-01T00:00:00.000Z'],
  ])('are read from %p', (printed, expected) => {
    expect(new Date(parseTimestamp(printed) ?? NaN).toISOString()).toBe(expected);
  });

  it.each([
    ...[
      '2024-03-04T17:41:02',
      '2024-03-04',
      '2023-02-29T00:00:00Z',
      '2024-13-01T00:00:00Z',
      '2024-01-01T24:00:00Z',
    ],
    ...['2024-01-01T00:00:60Z', '2024-01-01T00:00:00+24:00', 'yesterday', '', '1600000000'],
    ...[1.6e12, -1, NaN, Infinity, null, true, {}, []],
  ])('are not read from %p', (printed) => {
    expect(parseTimestamp(printed)).toBeUndefined();
  });
});
