import { createSecretKey } from 'node:crypto';

import { isRefusedAddress } from '../../src/events/addresses';
import { webhookTransport, type Address } from '../../src/events/webhook';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver';

const SECRETS = [createSecretKey(Buffer.from('0123456789abcdef0123456789abcdef'))];
const MESSAGE = JSON.stringify({ id: 'event', detail: {} });

describe('Addresses that no event is sent to', () => {
  it.each([
    '169.254.169.254',
    '169.254.170.2',
    '169.254.0.1',
    '0.0.0.0',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '::',
    'fe80::1',
    'fe80::1%eth0',
    'febf::1',
    'fd00:ec2::254',
    'fd00:ec2::23',
    'fd20:ce::254',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::169.254.169.254',
    '::ffff:0:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    '::ffff:0.0.0.0',
    'not an address',
  ])('include %s', (address) => {
    expect(isRefusedAddress(address)).toBe(true);
  });

  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '192.168.1.1',
    '169.253.255.255',
    '93.184.215.14',
    '::1',
    'fd12:3456::1',
    '2001:db8::1',
    '::ffff:10.1.2.3',
    '64:ff9b::a01:203',
  ])('do not include %s', (address) => {
    expect(isRefusedAddress(address)).toBe(false);
  });
});

describe('A webhook whose name has another address than before', () => {
  let receiver: WebhookReceiver;
  beforeEach(async () => {
    receiver = await startWebhookReceiver();
  });
  afterEach(() => receiver.close());

  const sendTo = async (url: string, addresses: readonly (readonly Address[])[]) => {
    const answers = [...addresses];
    const transport = webhookTransport({
      url,
      secrets: SECRETS,
      maxConnections: 1,
      resolve: () => Promise.resolve(answers.shift() ?? []),
    });
    const outcomes = [];
    while (answers.length > 0) {
      outcomes.push(...(await transport.send([MESSAGE], AbortSignal.timeout(5_000))));
    }
    transport.close();
    return outcomes;
  };
  const LOOPBACK = { address: '127.0.0.1', family: 4 };
  const refused = (reason: string) => ({ kind: 'failed', reason, isDown: true });

  it('is connected to an address that was checked, and is checked at each delivery', async () => {
    const { port } = new URL(receiver.url);
    const outcomes = await sendTo(`http://localhost:${port}/`, [
      [LOOPBACK],
      [{ address: '169.254.169.254', family: 4 }],
      [LOOPBACK],
      [LOOPBACK, { address: '10.0.0.1', family: 4 }],
    ]);
    expect(outcomes).toEqual([
      { kind: 'taken' },
      refused('the host of an http URL is not on loopback'),
      { kind: 'taken' },
      refused('the host of an http URL is not on loopback'),
    ]);
    expect(receiver.received).toHaveLength(2);
  });

  it.each([
    ['a metadata service', [{ address: '169.254.169.254', family: 4 }]],
    ['one of its IPv6 addresses', [{ address: 'fd00:ec2::254', family: 6 }]],
    ['it in another form', [{ address: '::ffff:a9fe:a9fe', family: 6 }]],
    ['it among others', [LOOPBACK, { address: '169.254.169.254', family: 4 }]],
    ['this machine by another name', [{ address: '0.0.0.0', family: 4 }]],
    ['nothing', []],
  ])('is not connected to %s', async (_, addresses) => {
    const { port } = new URL(receiver.url);
    expect(await sendTo(`https://receiver.example:${port}/`, [addresses])).toEqual([
      refused('the host has a link-local, metadata or unspecified address'),
    ]);
    expect(receiver.connections).toBe(0);
  });

  it('fails when its name has no address in time, or none at all', async () => {
    const transport = webhookTransport({
      url: 'https://receiver.example/',
      secrets: SECRETS,
      maxConnections: 1,
      resolve: () => new Promise(() => undefined),
    });
    const [outcome] = await transport.send([MESSAGE], AbortSignal.timeout(20));
    expect(outcome).toMatchObject({ kind: 'failed', isDown: true });
    const unknown = webhookTransport({
      url: 'https://receiver.example/',
      secrets: SECRETS,
      maxConnections: 1,
      resolve: () => Promise.reject(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })),
    });
    expect(await unknown.send([MESSAGE], AbortSignal.timeout(5_000))).toEqual([
      refused('getaddrinfo ENOTFOUND'),
    ]);
  });

  it('is sent again at once when an idle connection was closed on the way, and fails when none can be made', async () => {
    const transport = webhookTransport({ url: receiver.url, secrets: SECRETS, maxConnections: 1 });
    const send = () => transport.send([MESSAGE], AbortSignal.timeout(5_000));
    expect(await send()).toEqual([{ kind: 'taken' }]);
    receiver.answer((_, response) => {
      receiver.answer(() => 204);
      response.destroy();
      return undefined;
    });
    expect(await send()).toEqual([{ kind: 'taken' }]);
    expect(receiver.received).toHaveLength(3);
    await receiver.goDown();
    expect(await send()).toMatchObject([
      { kind: 'failed', isDown: true, reason: expect.stringContaining('ECONNREFUSED') as string },
    ]);
    transport.close();
  });

  it('is taken when the answer has a long body, and no more of it is read', async () => {
    const transport = webhookTransport({ url: receiver.url, secrets: SECRETS, maxConnections: 1 });
    receiver.answer((_, response) => {
      response.writeHead(200);
      response.write(Buffer.alloc(1_000_000));
      return undefined;
    });
    expect(await transport.send([MESSAGE], AbortSignal.timeout(5_000))).toEqual([{ kind: 'taken' }]);
    transport.close();
  });
});
