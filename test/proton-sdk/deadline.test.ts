import { once } from 'node:events';

import { createDeadline, DeadlineExceededError } from '../../src/proton-sdk/transport/deadline';

describe('A deadline', () => {
  it('ends what is under way, and lets nothing begin after it, however soon that would be sent', async () => {
    const deadline = createDeadline(20, undefined);
    const reason = await deadline.within(async (signal) => {
      await once(signal, 'abort');
      return signal.reason as unknown;
    });
    expect(reason).toBeInstanceOf(DeadlineExceededError);
    // Seen at once, before anything was waited for.
    expect(await deadline.within((signal) => Promise.resolve(signal.aborted))).toBe(true);
  });

  it('begins with the first thing that is done, not with the session', async () => {
    const deadline = createDeadline(60_000, undefined);
    expect(await deadline.within((signal) => Promise.resolve(signal.aborted))).toBe(false);
  });
});
