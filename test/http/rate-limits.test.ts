import { createRateLimits } from '../../src/http/hooks/rate-limits';
import { bearer, createKeys, tokenOf, useKeyFile } from '../authentication/issuer';
import { codeOf, post } from '../authentication/posting';
import { startApp, type RunningApp } from '../support/app';
import type { WireResponse } from '../support/aws-call';

const TYPENAME = '{ __typename }';
const COUNT = '{ environmentAccountConnections(first: 10) { nodes { id } } }';

const keys = createKeys('ES256');
const user = useKeyFile(keys);
const as = async (sub: string) => bearer(await tokenOf(keys, { claims: { sub } }));

/** The tests control the minutes. Other timers, such as those of connections, are real. */
beforeEach(() => {
  jest.useFakeTimers({
    doNotFake: ['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'setInterval'],
  });
});
afterEach(() => {
  jest.useRealTimers();
});

function expectRateLimited(response: WireResponse): void {
  expect([response.status, codeOf(response)]).toEqual([429, 'RATE_LIMITED']);
  expect(response.headers['retry-after']).toBe('60');
}

describe('A user who sends too many requests', () => {
  let app: RunningApp;
  beforeAll(async () => {
    app = await startApp({ ...user, SUBJECT_REQUESTS_PER_MINUTE: '3' });
  });
  afterAll(() => app.stop());

  it('gets the time to retry after, and other users are not affected', async () => {
    const ann = await as('ann');
    const statuses: number[] = [];
    for (let count = 0; count < 3; count += 1) statuses.push((await post(app.url, TYPENAME, ann)).status);
    expect(statuses).toEqual([200, 200, 200]);
    expectRateLimited(await post(app.url, TYPENAME, ann));
    // Another token of the same user counts for the same user.
    expectRateLimited(
      await post(app.url, TYPENAME, bearer(await tokenOf(keys, { claims: { sub: 'ann', jti: '2' } }))),
    );
    expect((await post(app.url, TYPENAME, await as('bob'))).status).toBe(200);
  });

  it('is not charged for requests with forged tokens', async () => {
    const forged = bearer(await tokenOf(createKeys('ES256'), { claims: { sub: 'eve' } }));
    for (let count = 0; count < 5; count += 1)
      expect((await post(app.url, TYPENAME, forged)).status).toBe(401);
    expect((await post(app.url, TYPENAME, await as('eve'))).status).toBe(200);
  });
});

describe('A user whose requests cost too much', () => {
  let app: RunningApp;
  beforeAll(async () => {
    app = await startApp({ ...user, SUBJECT_COST_PER_MINUTE: '25' });
  });
  afterAll(() => app.stop());

  it('gets the time to retry after, and may still send requests that cost nothing', async () => {
    const ann = await as('ann');
    let response = await post(app.url, COUNT, ann);
    expect(response.status).toBe(200);
    for (let count = 0; count < 30 && response.status === 200; count += 1)
      response = await post(app.url, COUNT, ann);
    expectRateLimited(response);
    expect((await post(app.url, TYPENAME, ann)).status).toBe(200);
    expect((await post(app.url, COUNT, await as('bob'))).status).toBe(200);
  });

  it('gets an error of its own when one request costs more than the limit of a minute', async () => {
    const response = await post(app.url, COUNT.replace('10', '100'), await as('carl'));
    expect([response.status, codeOf(response)]).toEqual([400, 'TOO_EXPENSIVE']);
    expect(response.headers['retry-after']).toBeUndefined();
  });
});

describe('The rate limits', () => {
  it('do not charge for rejected requests', async () => {
    const rateLimits = await createRateLimits({ requestsPerMinute: 10, costPerMinute: 100 });
    await rateLimits.chargeCost('ann', 60);
    await expect(rateLimits.chargeCost('ann', 60)).rejects.toMatchObject({
      statusCode: 429,
      code: 'RATE_LIMITED',
    });
    await rateLimits.chargeCost('ann', 40);
    await expect(rateLimits.chargeCost('ann', 1)).rejects.toMatchObject({ statusCode: 429 });
  });

  it('are separate for each subject, however long the subjects are', async () => {
    const rateLimits = await createRateLimits({ requestsPerMinute: 1, costPerMinute: 1 });
    const long = 'x'.repeat(5_000);
    await rateLimits.countRequest(`${long}1`);
    await rateLimits.countRequest(`${long}2`);
    await expect(rateLimits.countRequest(`${long}1`)).rejects.toMatchObject({ statusCode: 429 });
  });

  it('start anew after a minute', async () => {
    const rateLimits = await createRateLimits({ requestsPerMinute: 1, costPerMinute: 1 });
    await rateLimits.countRequest('ann');
    jest.advanceTimersByTime(59_500);
    await expect(rateLimits.countRequest('ann')).rejects.toMatchObject({ headers: { 'retry-after': '1' } });
    jest.advanceTimersByTime(500);
    await expect(rateLimits.countRequest('ann')).resolves.toBeUndefined();
  });

  it('accept a limited number of new subjects a minute', async () => {
    const rateLimits = await createRateLimits({
      requestsPerMinute: 5,
      costPerMinute: 1,
      newSubjectsPerMinute: 100,
    });
    for (let number = 0; number < 100; number += 1) await rateLimits.countRequest(String(number));
    // A rejected subject is not stored, so it is new again the next time.
    for (let time = 0; time < 2; time += 1) {
      await expect(rateLimits.countRequest('one more')).rejects.toMatchObject({
        statusCode: 429,
        code: 'RATE_LIMITED',
      });
    }
    await expect(rateLimits.countRequest('7')).resolves.toBeUndefined();
    jest.advanceTimersByTime(60_000);
    await expect(rateLimits.countRequest('one more')).resolves.toBeUndefined();
  });
});
