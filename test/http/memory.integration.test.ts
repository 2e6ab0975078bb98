import { Agent, request as httpRequest } from 'node:http';
import { text as textOf } from 'node:stream/consumers';

import { Admission, type Slot } from '../../src/http/hooks/admission-queue';
import { memoryBudget } from '../../src/http/body/body-budget';
import { unsignedHeaders } from '../support/aws-call';
import { startServerProcess } from '../support/server-process';

const MEBIBYTE = 1_048_576;
/** Each body takes about 20 MiB of the heap once it is parsed. */
const HEAP_MIB = 160;
const REQUESTS = 25;

/** Sends one body many times at once, and counts the outcomes. */
async function sendAtOnce(
  url: string,
  body: string,
  headers: Readonly<Record<string, string | readonly string[]>>,
): Promise<ReadonlyMap<string, number>> {
  const agent = new Agent({ maxSockets: REQUESTS });
  const outcomes = new Map<string, number>();
  const send = () =>
    new Promise<string>((resolve) => {
      const request = httpRequest(
        url,
        { method: 'POST', agent, headers: { ...headers, 'content-length': String(body.length) } },
        (response) => {
          textOf(response).then(
            (text) => {
              const code = /"code":"(\w+)"|#(\w+Exception)/.exec(text)?.slice(1).find(Boolean);
              resolve(`${String(response.statusCode)} ${code ?? 'OK'}`);
            },
            () => {
              resolve('cut off');
            },
          );
        },
      );
      request.on('error', ({ message }) => {
        resolve(message);
      });
      request.end(body);
    });
  await Promise.all(
    Array.from({ length: REQUESTS }, async () => {
      const outcome = await send();
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }),
  );
  agent.destroy();
  return outcomes;
}

const representations = JSON.stringify({
  query:
    'query ($r: [_Any!]!) { _entities(representations: $r) { ... on EnvironmentAccountConnection { id status } } }',
  variables: {
    r: Array.from({ length: 1_000 }, (_, index) => ({
      __typename: 'EnvironmentAccountConnection',
      id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      padding: Array.from({ length: 290 }, () => ({})),
    })),
  },
});

const JSON_TYPE = { 'content-type': 'application/json' };

it.each([
  ['GraphQL', representations, JSON_TYPE, /^(200 OK|503 OVERLOADED)$/],
  [
    'AWS clients',
    `{"requestedBy":"ENVIRONMENT_ACCOUNT","x":[${Array.from({ length: 330_000 }, () => '{}').join()}]}`,
    unsignedHeaders('111111111111', 'ListEnvironmentAccountConnections'),
    /^(200 OK|400 ThrottlingException)$/,
  ],
] as const)(
  'the port for %s responds to more large bodies at once than fit into the heap',
  async (port, body, headers, expected) => {
    const server = await startServerProcess(
      // Long enough for a busy machine.
      { REQUEST_TIMEOUT_MS: '120000', EXECUTION_TIMEOUT_MS: '120000' },
      { prelude: `export NODE_OPTIONS=--max-old-space-size=${String(HEAP_MIB)}` },
    );
    const url = port === 'GraphQL' ? server.url : (server.protonEndpoint ?? '');
    const outcomes = await sendAtOnce(url, body, headers);
    expect(body.length).toBeGreaterThan(850_000);
    expect([...outcomes.keys()].filter((outcome) => !expected.test(outcome))).toEqual([]);
    expect(outcomes.get('200 OK')).toBeGreaterThan(0);
    expect([...outcomes.values()].reduce((sum, count) => sum + count, 0)).toBe(REQUESTS);
    // The server still works.
    const after = await fetch(server.url, {
      method: 'POST',
      headers: JSON_TYPE,
      body: '{"query":"{ __typename }"}',
    });
    expect(await after.json()).toEqual({ data: { __typename: 'Query' } });
    expect(await server.end('SIGTERM')).toBe(0);
  },
  300_000,
);

describe('The memory budget', () => {
  it('grows with the heap, up to 64 MiB for bodies that arrive or wait', () => {
    const [small, large] = [memoryBudget(256 * MEBIBYTE), memoryBudget(4_144 * MEBIBYTE)];
    expect(small.inFlight).toBeGreaterThan(2 * MEBIBYTE);
    expect(small.inFlight).toBeLessThan(5 * MEBIBYTE);
    expect(large.inFlight).toBeGreaterThan(64 * MEBIBYTE);
    expect([large.arriving, large.waiting]).toEqual([64 * MEBIBYTE, 64 * MEBIBYTE]);
    expect(memoryBudget(MEBIBYTE).arriving).toBeGreaterThan(MEBIBYTE);
  });

  it('lets small requests pass large ones that wait for memory', () => {
    const admission = new Admission(10, { inFlight: 100, waiting: 200 });
    const started: string[] = [];
    const enter = (name: string, bytes: number) => {
      const slot = admission.enter(bytes);
      if (slot?.isInFlight === false) slot.wait(60_000, () => started.push(name), neverCalled);
      return slot;
    };
    const first = enter('first', 90);
    const second = enter('second', 90);
    expect([first?.isInFlight, second?.isInFlight]).toEqual([true, false]);
    expect(enter('small', 10)?.isInFlight).toBe(true);
    expect(enter('without a body', 0)?.isInFlight).toBe(true);
    const third = enter('third', 90);
    expect(third?.isInFlight).toBe(false);
    // The queue's budget is used up.
    expect(enter('fourth', 90)).toBeUndefined();
    end(first);
    expect(started).toEqual(['second']);
    end(second);
    expect(started).toEqual(['second', 'third']);
    end(third);
  });

  it('admits one body that is larger than the whole budget', () => {
    const admission = new Admission(10, { inFlight: 100, waiting: 200 });
    const large = admission.enter(1_000);
    let isNext = false;
    const next = admission.enter(1_000);
    next?.wait(60_000, () => (isNext = true), neverCalled);
    expect([large?.isInFlight, next?.isInFlight]).toEqual([true, false]);
    end(large);
    expect(isNext).toBe(true);
  });
});

function neverCalled(): never {
  throw new Error('this request waits for its turn and does not time out');
}

/** Ends a request: its response and its work. */
function end(slot: Slot | undefined): void {
  slot?.responseEnded();
  slot?.workEnded();
}
