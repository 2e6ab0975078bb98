import fc from 'fast-check';

import { ProtonFailure, type Violation } from '../../src/proton/failure';
import { isRegion, isRoleArn } from '../../src/proton/identifiers';
import type { CreateConnectionInput } from '../../src/proton/validation/inputs';
import { parseCreate, parseTag, parseUntag } from '../../src/proton/validation/parse-inputs';
import { account, region } from '../support/proton';

/**
 * The constraints as Proton's public model and reference write them, to hold our own rules against. The role pattern backtracks;
 * it is only shown short strings here.
 */
const MODEL = {
  accountId: /^\d{12}$/,
  environmentName: { least: 1, most: 100, pattern: /^[0-9A-Za-z]+[0-9A-Za-z_-]*$/ },
  region: /^[a-z]{2}(-[a-z]+)+-\d{1,2}$/,
  roleArn: /^arn:(aws|aws-cn|aws-us-gov):iam::\d{12}:role\/([\w+=,.@-]{1,512}[/:])*([\w+=,.@-]{1,64})$/,
  clientToken: { least: 0, most: 64, pattern: /^[!-~]*$/ },
  tagKey: { least: 1, most: 128, pattern: /^(?!aws:)[\p{L}\p{M}\p{Nd} *_.:/=+\-@]*$/iu },
  tagValue: { least: 0, most: 256, pattern: /^[\p{L}\p{M}\p{Nd} *_.:/=+\-@]*$/u },
};

const SOUND: CreateConnectionInput = {
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
    violationsOf(() => parseCreate({ ...SOUND, ...input }, DEFAULTS)).map(({ path }) => path.join('.')),
  ),
];

const fits = ({ least, most, pattern }: { least: number; most: number; pattern: RegExp }, value: string) => {
  const characters = Array.from(value).length;
  return characters >= least && characters <= most && pattern.test(value);
};

/** Strings that are nearly right, and strings that are anything. */
const nearly = (alphabet: string, most: number) =>
  fc.oneof(
    fc.string({ unit: fc.constantFrom(...Array.from(alphabet)), maxLength: most }),
    fc.string({ unit: 'grapheme', maxLength: most }),
    fc.string({ unit: 'binary', maxLength: most }),
  );

describe('The rules for input', () => {
  it('accept an account id exactly where the model’s pattern does', () => {
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

  it('accept an environment name exactly where the model’s bounds and pattern do', () => {
    fc.assert(
      fc.property(nearly('aZ09_-', 110), (value) => {
        expect(pathsOf({ environmentName: value })).toEqual(
          fits(MODEL.environmentName, value) ? [] : ['environmentName'],
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('accept a Region exactly where the pattern does, up to the length that an ARN can hold', () => {
    fc.assert(
      fc.property(nearly('ab-1', 30), (value) => {
        expect(isRegion(value)).toBe(MODEL.region.test(value));
      }),
      { numRuns: 1000 },
    );
    expect(isRegion(`us-${'a'.repeat(100)}-1`)).toBe(false);
  });

  it('accept a role exactly where the model’s pattern does', () => {
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
  ])('judge %s in a role', (_name, path, sound) => {
    const roleArn = `arn:aws:iam::222222222222:role/${path}`;
    expect(pathsOf({ roleArn })).toEqual(sound ? [] : ['roleArn']);
  });

  it('judge in linear time a role that makes the model’s own pattern backtrack without end', () => {
    expect(pathsOf({ roleArn: `arn:aws:iam::222222222222:role/${'a:'.repeat(1000)}!` })).toEqual(['roleArn']);
  });

  it('accept a client token exactly where the model’s bounds do', () => {
    fc.assert(
      fc.property(nearly('aZ0!~-', 70), (value) => {
        expect(pathsOf({ clientToken: value })).toEqual(
          fits(MODEL.clientToken, value) ? [] : ['clientToken'],
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('accept tags exactly where their bounds and characters do', () => {
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

  it('count characters, not code units', () => {
    const astral = '𠮷';
    expect(pathsOf({ tags: [{ key: astral.repeat(128), value: astral.repeat(256) }] })).toEqual([]);
    expect(pathsOf({ tags: [{ key: astral.repeat(129), value: astral.repeat(257) }] })).toEqual([
      'tags.0.key',
      'tags.0.value',
    ]);
  });

  it.each(['aws:x', 'AWS:x', 'aWs:'])('refuse the reserved key %s', (key) => {
    expect(pathsOf({ tags: [{ key, value: '' }] })).toEqual(['tags.0.key']);
  });

  it('report one violation for each rule that one value breaks', () => {
    const name = ' '.repeat(101);
    const violations = violationsOf(() => parseCreate({ ...SOUND, environmentName: name }, DEFAULTS));
    expect(violations.map(({ path }) => path)).toEqual([['environmentName'], ['environmentName']]);
    const empty = violationsOf(() => parseCreate({ ...SOUND, environmentName: '' }, DEFAULTS));
    expect(empty).toEqual([{ path: ['environmentName'], message: 'must have 1 to 100 characters' }]);
  });

  it('refuse a key twice in one input, and fifty-one tags', () => {
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

  it('take null and an empty list of tags for "none" when creating', () => {
    const nothing = {
      environmentAccountId: null,
      region: null,
      roleArn: null,
      tags: null,
      clientToken: null,
    };
    expect(parseCreate({ ...SOUND, ...nothing }, DEFAULTS)).toEqual(
      parseCreate({ ...SOUND, tags: [] }, DEFAULTS),
    );
  });

  it('ask for something to do when tagging and untagging', () => {
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

  it('ask for the environment account where nothing points to one', () => {
    const nowhere = { ...DEFAULTS, environmentAccountId: undefined };
    expect(violationsOf(() => parseCreate(SOUND, nowhere))).toMatchObject([
      { path: ['environmentAccountId'] },
    ]);
    const broken = violationsOf(() => parseCreate({ ...SOUND, roleArn: 'nonsense' }, nowhere));
    expect(broken.map(({ path }) => path)).toEqual([['roleArn']]);
  });

  it('answer a flood of broken tags with a bounded report', () => {
    const tags = Array.from({ length: 20_000 }, () => ({ key: '', value: '\u0000' }));
    const violations = violationsOf(() => parseCreate({ ...SOUND, clientToken: ' ', tags }, DEFAULTS));
    expect(violations).toHaveLength(100);
    expect(violations[0]?.path).toEqual(['clientToken']);
  });
});
