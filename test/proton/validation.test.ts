import fc from 'fast-check';

import { ProtonFailure, type Violation } from '../../src/proton/failure';
import { isRegion, isRoleArn } from '../../src/proton/identifiers';
import type { CreateConnectionInput } from '../../src/proton/validation/inputs';
import { parseCreate, parseTag, parseUntag } from '../../src/proton/validation/parse-inputs';
import { account, region } from '../support/proton';

/**
 * The constraints from Proton's public model and reference, to compare our rules with. The pattern of roles backtracks, so the tests
 * match it only against short strings.
 */
const MODEL = {
  accountId: /^\d{12}$/,
  environmentName: { min: 1, max: 100, pattern: /^[0-9A-Za-z]+[0-9A-Za-z_-]*$/ },
  region: /^[a-z]{2}(-[a-z]+)+-\d{1,2}$/,
  roleArn: /^arn:(aws|aws-cn|aws-us-gov):iam::\d{12}:role\/([\w+=,.@-]{1,512}[/:])*([\w+=,.@-]{1,64})$/,
  clientToken: { min: 0, max: 64, pattern: /^[!-~]*$/ },
  tagKey: { min: 1, max: 128, pattern: /^(?!aws:)[\p{L}\p{M}\p{Nd} *_.:/=+\-@]*$/iu },
  tagValue: { min: 0, max: 256, pattern: /^[\p{L}\p{M}\p{Nd} *_.:/=+\-@]*$/u },
};

const VALID: CreateConnectionInput = {
  managementAccountId: '111111111111',
  environmentName: 'payments-prod',
};
const DEFAULTS = { region: region('us-east-1'), environmentAccountId: account('222222222222') };

function violationsOf(parse: () => unknown): readonly Violation[] {
  try {
    parse();
    return [];
  } catch (error) {
    if (error instanceof ProtonFailure) return error.violations;
    throw error;
  }
}

const pathsOf = (input: Partial<CreateConnectionInput>) => [
  ...new Set(
    violationsOf(() => parseCreate({ ...VALID, ...input }, DEFAULTS)).map(({ path }) => path.join('.')),
  ),
];

const fits = ({ min, max, pattern }: { min: number; max: number; pattern: RegExp }, value: string) => {
  const characters = Array.from(value).length;
  return characters >= min && characters <= max && pattern.test(value);
};

/** Strings that are nearly valid, and arbitrary strings. */
const nearly = (alphabet: string, max: number) =>
  fc.oneof(
    fc.string({ unit: fc.constantFrom(...Array.from(alphabet)), maxLength: max }),
    fc.string({ unit: 'grapheme', maxLength: max }),
    fc.string({ unit: 'binary', maxLength: max }),
  );

describe('The validation of inputs', () => {
  it('accepts the same account ids as the model’s pattern', () => {
    fc.assert(
      fc.property(nearly('0123456789', 14), (value) => {
        expect(pathsOf({ managementAccountId: value })).toEqual(
          MODEL.accountId.test(value) ? [] : ['managementAccountId'],
        );
        const named = pathsOf({ environmentAccountId: value });
        expect(named).toEqual(MODEL.accountId.test(value) ? [] : ['environmentAccountId']);
      }),
      { numRuns: 1000 },
    );
  });

  it('accepts the same environment names as the model’s length and pattern', () => {
    fc.assert(
      fc.property(nearly('aZ09_-', 110), (value) => {
        expect(pathsOf({ environmentName: value })).toEqual(
          fits(MODEL.environmentName, value) ? [] : ['environmentName'],
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('accepts the same Regions as the model’s pattern, up to the length that fits into an ARN', () => {
    fc.assert(
      fc.property(nearly('ab-1', 30), (value) => {
        expect(isRegion(value)).toBe(MODEL.region.test(value));
      }),
      { numRuns: 1000 },
    );
    expect(isRegion(`us-${'a'.repeat(100)}-1`)).toBe(false);
  });

  it('accepts the same roles as the model’s pattern', () => {
    const parts = fc.array(
      fc.oneof(
        fc.constantFrom('/', ':', 'role', 'a', 'x_+=,.@-', '//', 'é', ' '),
        fc.string({ maxLength: 2 }),
      ),
      {
        maxLength: 6,
      },
    );
    const arns = fc
      .tuple(
        fc.constantFrom('aws', 'aws-cn', 'aws-us-gov', 'aws-iso', ''),
        fc.constantFrom('222222222222', '22222222222', '2222222222222', ''),
        parts,
      )
      .map(([partition, accountId, path]) => `arn:${partition}:iam::${accountId}:role/${path.join('')}`);
    fc.assert(
      fc.property(fc.oneof(arns, fc.string({ maxLength: 20 })), (value) => {
        expect(isRoleArn(value)).toBe(MODEL.roleArn.test(value));
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ['a name of 64 characters', 'a'.repeat(64), true],
    ['a name of 65 characters', 'a'.repeat(65), false],
    ['a path segment of 512 characters', `${'p'.repeat(512)}/name`, true],
    ['a path segment of 513 characters', `${'p'.repeat(513)}/name`, false],
    ['an ARN of 2048 characters', `${'p/'.repeat(1005)}${'n'.repeat(7)}`, true],
    ['an ARN of 2049 characters', `${'p/'.repeat(1005)}${'n'.repeat(8)}`, false],
  ])('limits the length of a role: %s', (_name, path, valid) => {
    const roleArn = `arn:aws:iam::222222222222:role/${path}`;
    expect(pathsOf({ roleArn })).toEqual(valid ? [] : ['roleArn']);
  });

  it('rejects in linear time a role on which the model’s pattern backtracks exponentially', () => {
    expect(pathsOf({ roleArn: `arn:aws:iam::222222222222:role/${'a:'.repeat(1000)}!` })).toEqual(['roleArn']);
  });

  it('accepts the same client tokens as the model’s length and pattern', () => {
    fc.assert(
      fc.property(nearly('aZ0!~-', 70), (value) => {
        expect(pathsOf({ clientToken: value })).toEqual(
          fits(MODEL.clientToken, value) ? [] : ['clientToken'],
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('accepts the same tags as their lengths and patterns', () => {
    fc.assert(
      fc.property(nearly('aZ0 é東_.:/=+-@*aws:', 140), nearly('aZ0 é東_.:/=+-@*', 270), (key, value) => {
        const expected = [
          ...(fits(MODEL.tagKey, key) ? [] : ['tags.0.key']),
          ...(fits(MODEL.tagValue, value) ? [] : ['tags.0.value']),
        ];
        expect(pathsOf({ tags: [{ key, value }] })).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it('counts characters, not UTF-16 code units', () => {
    const astral = '𠮷';
    expect(pathsOf({ tags: [{ key: astral.repeat(128), value: astral.repeat(256) }] })).toEqual([]);
    expect(pathsOf({ tags: [{ key: astral.repeat(129), value: astral.repeat(257) }] })).toEqual([
      'tags.0.key',
      'tags.0.value',
    ]);
  });

  it.each(['aws:x', 'AWS:x', 'aWs:'])('rejects the reserved key %s', (key) => {
    expect(pathsOf({ tags: [{ key, value: '' }] })).toEqual(['tags.0.key']);
  });

  it('reports one violation for each rule that a value breaks', () => {
    const name = ' '.repeat(101);
    const violations = violationsOf(() => parseCreate({ ...VALID, environmentName: name }, DEFAULTS));
    expect(violations.map(({ path }) => path)).toEqual([['environmentName'], ['environmentName']]);
    const empty = violationsOf(() => parseCreate({ ...VALID, environmentName: '' }, DEFAULTS));
    expect(empty).toEqual([{ path: ['environmentName'], message: 'must have 1 to 100 characters' }]);
  });

  it('rejects a duplicate key, and fifty-one tags', () => {
    const twice = [
      { key: 'a', value: '1' },
      { key: 'a', value: '2' },
    ];
    expect(pathsOf({ tags: twice })).toEqual(['tags.1.key']);
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ key: `k${String(index)}`, value: '' }));
    expect(pathsOf({ tags: many(50) })).toEqual([]);
    expect(pathsOf({ tags: many(51) })).toEqual(['tags']);
  });

  it('treats null and an empty list of tags as left out when creating', () => {
    const nothing = {
      environmentAccountId: null,
      region: null,
      roleArn: null,
      tags: null,
      clientToken: null,
    };
    expect(parseCreate({ ...VALID, ...nothing }, DEFAULTS)).toEqual(
      parseCreate({ ...VALID, tags: [] }, DEFAULTS),
    );
  });

  it('requires at least one tag to set and one key to remove', () => {
    const id = '00000000-0000-4000-8000-000000000000';
    expect(violationsOf(() => parseTag({ id, tags: [] }))).toMatchObject([{ path: ['tags'] }]);
    expect(violationsOf(() => parseUntag({ id, tagKeys: [] }))).toMatchObject([{ path: ['tagKeys'] }]);
    expect(parseUntag({ id, tagKeys: ['a', 'a'] }).tagKeys).toEqual(new Set(['a']));
    const keys = (count: number) => Array.from({ length: count }, (_, index) => `k${String(index)}`);
    expect(violationsOf(() => parseUntag({ id, tagKeys: keys(50) }))).toEqual([]);
    expect(violationsOf(() => parseUntag({ id, tagKeys: keys(51) }))).toMatchObject([{ path: ['tagKeys'] }]);
    expect(violationsOf(() => parseUntag({ id, tagKeys: ['aws:x'] }))).toMatchObject([
      { path: ['tagKeys', '0'] },
    ]);
  });

  it('requires the environment account if nothing determines it', () => {
    const nowhere = { ...DEFAULTS, environmentAccountId: undefined };
    expect(violationsOf(() => parseCreate(VALID, nowhere))).toMatchObject([
      { path: ['environmentAccountId'] },
    ]);
    const broken = violationsOf(() => parseCreate({ ...VALID, roleArn: 'nonsense' }, nowhere));
    expect(broken.map(({ path }) => path)).toEqual([['roleArn']]);
  });

  it('limits the number of reported violations', () => {
    const tags = Array.from({ length: 20_000 }, () => ({ key: '', value: '\u0000' }));
    const violations = violationsOf(() => parseCreate({ ...VALID, clientToken: ' ', tags }, DEFAULTS));
    expect(violations).toHaveLength(100);
    expect(violations[0]?.path).toEqual(['clientToken']);
  });
});
