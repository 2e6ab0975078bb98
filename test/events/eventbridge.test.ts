import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { useAwsEnvironment } from '../support/aws-environment';
import { readMetrics, valueOf } from '../support/metrics';
import { startSource } from './source';

interface Entry {
  readonly EventBusName: string;
  readonly Source: string;
  readonly DetailType: string;
  readonly Detail: string;
  readonly Resources: readonly string[];
  readonly Time: number;
}

const detailOf = ({ Detail }: Entry) =>
  JSON.parse(Detail) as { readonly id: string; readonly status: string; readonly previousStatus?: string };

/** A server that speaks EventBridge's protocol. */
async function startEventBridge() {
  const calls: (readonly Entry[])[] = [];
  const taken: Entry[] = [];
  const unsigned: string[] = [];
  const looks = new Set<() => void>();
  let fails: (entry: Entry) => boolean = () => false;
  let broken = false;
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      if (request.headers['x-amz-target'] !== 'AWSEvents.PutEvents') throw new Error('not PutEvents');
      if (!request.headers.authorization?.includes('/eu-west-1/events/aws4_request'))
        unsigned.push(request.headers.authorization ?? '');
      const { Entries } = JSON.parse(Buffer.concat(chunks).toString()) as {
        readonly Entries: readonly Entry[];
      };
      calls.push(Entries);
      response.setHeader('content-type', 'application/x-amz-json-1.1');
      if (broken) {
        response.statusCode = 400;
        response.end(JSON.stringify({ __type: 'ThrottlingException', message: 'Rate exceeded' }));
      } else {
        const results = Entries.map((entry, index) =>
          fails(entry)
            ? { ErrorCode: 'InternalFailure', ErrorMessage: 'try again' }
            : { EventId: `${String(calls.length)}-${String(index)}` },
        );
        taken.push(...Entries.filter((_, index) => results[index]?.EventId !== undefined));
        const FailedEntryCount = results.filter(({ ErrorCode }) => ErrorCode !== undefined).length;
        response.end(JSON.stringify({ FailedEntryCount, Entries: results }));
      }
      for (const look of looks) look();
    })().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    calls,
    taken,
    unsigned,
    failOn: (entries: (entry: Entry) => boolean) => {
      fails = entries;
    },
    break: (isBroken: boolean) => {
      broken = isBroken;
    },
    until: (isSo: () => boolean) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (isSo() && looks.delete(look)) resolve();
        };
        looks.add(look);
        look();
      }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const setAws = useAwsEnvironment();
let eventBridge: Awaited<ReturnType<typeof startEventBridge>>;
beforeEach(async () => {
  eventBridge = await startEventBridge();
  setAws({
    AWS_ENDPOINT_URL_EVENTBRIDGE: eventBridge.url,
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
  });
});
afterEach(() => eventBridge.close());

const variables = { EVENTS_EVENTBRIDGE_BUS: 'proton', AWS_REGION: 'eu-west-1' };

describe('EventBridge', () => {
  it('gets each status change as an entry with the configured source, at the endpoint that the AWS SDK knows', async () => {
    const source = await startSource({ ...variables, EVENTS_EVENTBRIDGE_SOURCE: 'acme.proton' });
    const id = await source.connect('one');
    await source.accept(id);
    await eventBridge.until(() => eventBridge.taken.length === 2);
    const [, accepted] = eventBridge.taken;
    if (!accepted) throw new Error('no entry');
    expect(accepted).toEqual({
      EventBusName: 'proton',
      Source: 'acme.proton',
      DetailType: 'AWS Proton Environment Account Connection Status Change',
      Detail: JSON.stringify({ id, status: 'CONNECTED', previousStatus: 'PENDING' }),
      Resources: [`arn:aws:proton:eu-west-1:222222222222:environment-account-connection/${id}`],
      Time: expect.any(Number) as number,
    });
    expect(Math.abs(accepted.Time - Date.now() / 1000)).toBeLessThan(60);
    expect(eventBridge.unsigned).toEqual([]);
  });

  it('gets the entries alone that it did not take, in order for each connection', async () => {
    const source = await startSource(variables);
    const failed = new Set<string>();
    // The first try of every third entry fails.
    let count = 0;
    eventBridge.failOn(({ Detail }) => {
      count += 1;
      if (count % 3 !== 0 || failed.has(Detail)) return false;
      failed.add(Detail);
      return true;
    });
    const ids = await Promise.all(
      Array.from({ length: 24 }, (_, index) => source.connect(`e${String(index)}`)),
    );
    await Promise.all(ids.map((id) => source.accept(id)));
    await Promise.all(ids.map((id) => source.remove(id)));
    await eventBridge.until(() => eventBridge.taken.length === 72);
    for (const id of ids) {
      const statuses = eventBridge.taken.map(detailOf).filter((detail) => detail.id === id);
      expect(statuses.map(({ status }) => status)).toEqual(['PENDING', 'CONNECTED', 'DELETED']);
    }
    expect(failed.size).toBeGreaterThan(10);
    expect(eventBridge.calls.flat()).toHaveLength(72 + failed.size);
    expect(Math.max(...eventBridge.calls.map(({ length }) => length))).toBeGreaterThan(1);
    for (const call of eventBridge.calls) {
      expect(call.length).toBeLessThanOrEqual(10);
      expect(new Set(call.map((entry) => detailOf(entry).id)).size).toBe(call.length);
    }
    const labels = { transport: 'eventbridge', destination: 'eventbridge' };
    const metrics = await readMetrics(source.admin);
    expect(valueOf(metrics, 'proton_subgraph_events_delivered_total', labels)).toBe(72);
    expect(valueOf(metrics, 'proton_subgraph_events_failed_total', labels)).toBe(failed.size);
  });

  it('is tried with one event at a time while it takes no call', async () => {
    const source = await startSource(variables);
    eventBridge.break(true);
    await Promise.all(Array.from({ length: 20 }, (_, index) => source.connect(`e${String(index)}`)));
    await eventBridge.until(() => eventBridge.calls.length >= 12);
    expect(eventBridge.calls.slice(9).map(({ length }) => length)).toEqual(
      eventBridge.calls.slice(9).map(() => 1),
    );
    eventBridge.break(false);
    await eventBridge.until(() => eventBridge.taken.length === 20);
  });
});
