import { once } from 'node:events';

import { createDeadline, DeadlineExceededError } from '../../src/proton-sdk/transport/deadline';

describe('A deadline', () => {
  it('aborts running calls, and calls that start after it', async () => {
    const deadline = createDeadline(20, undefined);
    const reason = await deadline.within(async (signal) => {
      await once(signal, 'abort');
      return signal.reason as unknown;
    });
    expect(reason).toBeInstanceOf(DeadlineExceededError);
    // Aborted before the work starts.
    expect(await deadline.within((signal) => Promise.resolve(signal.aborted))).toBe(true);
  });

  it('starts with the first call, not with the session', async () => {
    const deadline = createDeadline(60_000, undefined);
    expect(await deadline.within((signal) => Promise.resolve(signal.aborted))).toBe(false);
  });
});
