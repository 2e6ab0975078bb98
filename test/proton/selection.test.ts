import { connectionCursors, hasTags, normalizeSelection, type ConnectionFilter } from '../../src/proton/page';
import type { ConnectionId } from '../../src/proton/identifiers';

const POSITION = { requestedAt: 1, id: '00000000-0000-4000-8000-000000000000' as ConnectionId };
const cursorOf = (filter: ConnectionFilter) =>
  connectionCursors(normalizeSelection({ filter })).write(POSITION);

describe('A cursor', () => {
  it('of a list without the newer filters is the one that earlier versions wrote', () => {
    expect(Buffer.from(cursorOf({}), 'base64').toString()).toBe(
      '2dbc69611d883d7b 1 00000000-0000-4000-8000-000000000000',
    );
  });

  it.each<[ConnectionFilter, ConnectionFilter]>([
    [{}, { environmentNamePrefix: '' }],
    [{}, { tags: [], environmentNamePrefix: null }],
    [{ tags: [{ key: 'a' }] }, { tags: [{ key: 'a', value: null }, { key: 'a' }] }],
    [{ tags: [{ key: 'a' }, { key: 'b', value: '' }] }, { tags: [{ key: 'b', value: '' }, { key: 'a' }] }],
  ])('is the same for filters that mean the same: %j and %j', (one, other) => {
    expect(cursorOf(one)).toBe(cursorOf(other));
  });

  it.each<[ConnectionFilter, ConnectionFilter]>([
    [{}, { environmentNamePrefix: 'a' }],
    [{ environmentName: 'a' }, { environmentNamePrefix: 'a' }],
    [{ tags: [{ key: 'a' }] }, { tags: [{ key: 'a', value: '' }] }],
    [{ tags: [{ key: 'a' }] }, { tags: [{ key: 'a' }, { key: 'b' }] }],
  ])('differs for filters that differ: %j and %j', (one, other) => {
    expect(cursorOf(one)).not.toBe(cursorOf(other));
  });
});

describe('Tags', () => {
  it.each([
    [[{ key: 'team', value: null }], true],
    [[{ key: 'team', value: '' }], false],
    [[{ key: 'stage', value: '' }], true],
    [
      [
        { key: 'team', value: 'payments' },
        { key: 'stage', value: null },
      ],
      true,
    ],
    [
      [
        { key: 'team', value: 'payments' },
        { key: 'none', value: null },
      ],
      false,
    ],
  ])('are all looked for: %j is %j', (wanted, expected) => {
    const tags = [
      { key: 'team', value: 'payments' },
      { key: 'stage', value: '' },
    ];
    expect(hasTags(tags, wanted)).toBe(expected);
  });
});
