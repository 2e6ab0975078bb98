import { once } from 'node:events';

import { createDeadline, DeadlineExceededError } from '../../src/proton-sdk/transport/deadline';

describe('A deadline', () => {
  afterEach(() => jest.useRealTimers());

  it('aborts running calls, and calls that start after it', async () => {
    // A real timer may fire a fraction of a millisecond before the clock shows its time.
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    const deadline = createDeadline(20, undefined);
    const running = deadline.within(async (signal) => {
      await once(signal, 'abort');
      return signal.reason as unknown;
    });
    jest.advanceTimersByTime(20);
    const reason = await running;
    expect(reason).toBeInstanceOf(DeadlineExceededError);
    // Aborted before the work starts.
    expect(await deadline.within((signal) => Promise.resolve(signal.aborted))).toBe(true);
  });

  it('starts with the first call, not with the session', async () => {
    const deadline = createDeadline(60_000, undefined);
    expect(await deadline.within((signal) => Promise.resolve(signal.aborted))).toBe(false);
  });
});
