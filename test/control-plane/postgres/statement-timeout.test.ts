import { statementTimeout } from '../../../src/control-plane/postgres/database';

describe('The statement timeout on PostgreSQL', () => {
  it('is the one that is set while a request has more time than that', () => {
    expect(statementTimeout(2_000, 10_000)).toBe(2_000);
    expect(statementTimeout(2_000, 2_500)).toBe(2_000);
  });

  it('ends half a second before the request does', () => {
    expect(statementTimeout(2_000, 2_000)).toBe(1_500);
    expect(statementTimeout(2_000, 1_000)).toBe(500);
  });

  it('leaves half of its time to a request that has little', () => {
    expect(statementTimeout(2_000, 501)).toBe(251);
    expect(statementTimeout(2_000, 100)).toBe(50);
    expect(statementTimeout(2_000, 1)).toBe(1);
  });

  it('is never longer than the one that is set', () => {
    expect(statementTimeout(30, 100)).toBe(30);
  });
});
