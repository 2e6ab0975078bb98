import * as fc from 'fast-check';

import { readAccountsClaim } from '../../src/authentication/user/verify-token';

const [ONE, OTHER] = ['111111111111', '222222222222'] as const;
const WORDS = ['read', 'write', 'approve'] as const;

describe('A claim about accounts', () => {
  it('grants each account the listed permissions', () => {
    expect(readAccountsClaim({ [ONE]: ['read', 'approve'], [OTHER]: [], '*': ['read', 'read'] })).toEqual({
      onEveryAccount: new Set(['read']),
      onAccounts: new Map([
        [ONE, new Set(['read', 'approve'])],
        [OTHER, new Set()],
      ]),
    });
  });

  it('grants every permission on accounts in a list', () => {
    const all = new Set(WORDS);
    expect(readAccountsClaim([ONE, OTHER, ONE])).toEqual({
      onEveryAccount: new Set(),
      onAccounts: new Map([
        [ONE, all],
        [OTHER, all],
      ]),
    });
    expect(readAccountsClaim(['*'])).toEqual({ onEveryAccount: all, onAccounts: new Map() });
  });

  it.each<[string, unknown]>([
    ['no claim', undefined],
    ['null', null],
    ['a text', ONE],
    ['a number', 111111111111],
    ['true', true],
    ['an unknown word', { [ONE]: ['read', 'own'] }],
    ['a word in capitals', { [ONE]: ['Read'] }],
    ['a word and no list', { [ONE]: 'read' }],
    ['null for a list', { [ONE]: null }],
    ['an object for a list', { [ONE]: { 0: 'read' } }],
    ['a list within a list', { [ONE]: [['read']] }],
    ['null in a list', { [ONE]: ['read', null] }],
    ['a star for a word', { [ONE]: ['*'] }],
    ['11 digits', { 11111111111: ['read'] }],
    ['13 digits', { 1111111111111: ['read'] }],
    ['other digits', { '١١١١١١١١١١١١': ['read'] }],
    ['a line after the digits', { [`${ONE}\n`]: ['read'] }],
    ['two stars', { '**': ['read'] }],
    ['nothing for an account', { '': ['read'] }],
    ['a prototype', JSON.parse(`{"__proto__": ["read"], "${ONE}": ["read"]}`)],
    ['a constructor', { constructor: ['read'] }],
    ['numbers in a list', [111111111111]],
    ['a list with a malformed account', [ONE, '1']],
    ['a star among accounts', ['*', ONE]],
    ['two stars in a list', ['*', '*']],
    ['a list in a list', [[ONE]]],
  ])('with %s is malformed', (_title, claim) => {
    expect(readAccountsClaim(claim)).toBeUndefined();
  });

  it('of any shape is read, and grants nothing that it does not list', () => {
    const claims = fc.oneof(
      fc.json().map((text): unknown => JSON.parse(text)),
      fc.dictionary(
        fc.constantFrom(ONE, OTHER, '*', 'x'),
        fc.array(fc.constantFrom<unknown>(...WORDS, 'own', 7), { maxLength: 3 }),
      ),
    );
    fc.assert(
      fc.property(claims, (claim) => {
        const read = readAccountsClaim(claim);
        if (read === undefined || Array.isArray(claim)) return;
        for (const [account, words] of [...read.onAccounts, ['*', read.onEveryAccount] as const]) {
          const written = Object.entries(claim as object).find(([name]) => name === account)?.[1] as unknown;
          expect([...words].every((word) => (written as unknown[]).includes(word))).toBe(true);
        }
      }),
    );
  });
});
