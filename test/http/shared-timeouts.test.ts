import { SharedTimeouts } from '../../src/http/lifecycle/shared-timeouts';

describe('Timeouts that share a timer', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Starts timeouts of 1,000 ms at the given times, runs them all, and returns when each fired. */
  function firedAt(
    starts: readonly number[],
    cleared: readonly number[] = [],
  ): [start: number, at: number][] {
    const timeouts = new SharedTimeouts(1_000);
    const fired: [number, number][] = [];
    const begin = performance.now();
    for (const start of starts) {
      jest.advanceTimersByTime(start - (performance.now() - begin));
      const timeout = timeouts.start(() => fired.push([start, performance.now() - begin]));
      if (cleared.includes(start)) timeout.clear();
    }
    jest.runAllTimers();
    return fired;
  }

  it('fire in order, each when its own time is up', () => {
    expect(firedAt([0, 1, 400, 999, 1_500])).toEqual([
      [0, 1_000],
      [1, 1_001],
      [400, 1_400],
      [999, 1_999],
      [1_500, 2_500],
    ]);
  });

  it('do not fire after they were cleared, and leave the others alone', () => {
    expect(firedAt([0, 10, 20], [0, 20])).toEqual([[10, 1_010]]);
    expect(firedAt([0], [0])).toEqual([]);
  });

  it('fire although the callback of an earlier one throws', () => {
    const timeouts = new SharedTimeouts(1_000);
    const fired = jest.fn();
    timeouts.start(() => {
      throw new Error('broken');
    });
    timeouts.start(fired);
    expect(() => {
      jest.runAllTimers();
    }).toThrow('broken');
    jest.runAllTimers();
    expect(fired).toHaveBeenCalledTimes(1);
  });

  it('can be started by the callback of another one', () => {
    const timeouts = new SharedTimeouts(1_000);
    const fired = jest.fn();
    timeouts.start(() => timeouts.start(fired));
    jest.advanceTimersByTime(1_999);
    expect(fired).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(fired).toHaveBeenCalledTimes(1);
  });
});
