import { AwsError } from '../../src/aws-api/aws-error';
import { parseInput } from '../../src/aws-api/json-input';

const nested = (levels: number) =>
  Buffer.from(`{"ignored":${'['.repeat(levels - 1)}"]"${']'.repeat(levels - 1)}}`);

describe('A body', () => {
  it('may be nested 32 levels deep and no deeper; brackets in strings do not count', () => {
    expect(parseInput(nested(32)).size).toBe(1);
    expect(() => parseInput(nested(33))).toThrow(AwsError);
    expect(parseInput(Buffer.from(`{"a":"${'['.repeat(100)}\\"${'{'.repeat(100)}"}`)).size).toBe(1);
  });

  it('treats names like __proto__ and constructor as ordinary members', () => {
    const input = parseInput(Buffer.from('{"__proto__":{"a":1},"constructor":2,"toString":null}'));
    expect([...input]).toEqual([
      ['__proto__', { a: 1 }],
      ['constructor', 2],
    ]);
  });
});
