import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

import fastify from 'fastify';

import { createBodyReader } from '../../src/http/body/body-budget';
import { admitRequests } from '../../src/http/hooks/admission';
import { Admission, type Slot } from '../../src/http/hooks/admission-queue';

const TIMEOUT_MS = 10;

/** An admission that reports when a request enters it. */
class ObservedAdmission extends Admission {
  entered = (): void => undefined;

  override enter(bytes: number): Slot | undefined {
    this.entered();
    return super.enter(bytes);
  }
}

describe('A request whose client leaves while a hook works', () => {
  it('does not wait for a slot, and is not refused later', async () => {
    const admission = new ObservedAdmission(1);
    const inFlight = admission.enter(0);
    const refuse = jest.fn();
    const server = fastify();
    const hookRuns = new Promise<void>((resolve) => {
      server.addHook('onRequest', async (_request, { raw }) => {
        resolve();
        await once(raw, 'close');
      });
    });
    const bodyLimits = { maxBytes: 100, maxReadBytes: 100 };
    admitRequests(server, {
      admission,
      bodyReader: createBodyReader(),
      bodyLimits,
      timeoutMs: TIMEOUT_MS,
      refuse,
    });
    server.get('/', () => '');
    await server.listen({ port: 0, host: '127.0.0.1' });
    const entered = new Promise<void>((resolve) => (admission.entered = resolve));
    const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await hookRuns;
    socket.destroy();
    await entered;
    // A timer that was started by mistake is due before this one.
    await wait(2 * TIMEOUT_MS);
    expect(refuse).not.toHaveBeenCalled();
    expect(admission.counts()).toEqual({ inFlight: 1, waiting: 0 });
    inFlight?.responseEnded();
    inFlight?.workEnded();
    await server.close();
  });
});
