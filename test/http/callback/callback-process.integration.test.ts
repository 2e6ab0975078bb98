import { createConnection } from '../../federation/created-connections';
import { startApp, type RunningApp } from '../../support/app';
import { ENVIRONMENT, MANAGEMENT } from '../../support/proton';
import { startServerProcess, type ServerProcess } from '../../support/server-process';
import { startCallbackRouter, type CallbackRouter } from './router';

const ROUTER = { 'router-authorization': 'shared-with-the-router' };

describe('A server in front of a Proton endpoint elsewhere', () => {
  let behind: RunningApp;
  let router: CallbackRouter;
  let server: ServerProcess;

  beforeAll(async () => {
    behind = await startApp();
    router = await startCallbackRouter();
    server = await startServerProcess({
      PROTON_UPSTREAM: behind.protonEndpoint ?? '',
      PROTON_ACCOUNTS: ENVIRONMENT,
      PROTON_POLL_INTERVAL_MS: '100',
      AWS_ACCESS_KEY_ID: ENVIRONMENT,
      AWS_SECRET_ACCESS_KEY: 'secret',
      ROUTER_SECRET: ROUTER['router-authorization'],
      SUBSCRIPTION_CALLBACK_URLS: router.origin,
      SHUTDOWN_GRACE_MS: '1000',
    });
  });

  afterAll(async () => {
    await router.stop();
    await behind.stop();
  });

  async function subscribe(subscriptionId: string, port = new URL(router.origin).port): Promise<Response> {
    return fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...ROUTER },
      body: JSON.stringify({
        query:
          'subscription { environmentAccountConnectionStatusChanged { previousStatus status connection { environmentName tags { key } } } }',
        extensions: {
          subscription: {
            callbackUrl: `http://127.0.0.1:${port}/${subscriptionId}`,
            subscriptionId,
            verifier: 'v',
            heartbeatIntervalMs: 1_000,
          },
        },
      }),
    });
  }

  it('posts the changes that it finds there, and ends with code 0 although a router hangs', async () => {
    expect((await subscribe('normal')).status).toBe(200);
    expect((await subscribe('hanging')).status).toBe(200);
    expect((await subscribe('elsewhere', '1')).status).toBe(400);
    const input = {
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      environmentName: 'far',
    };
    await createConnection(behind.url, input);
    const eventsOf = (id: string) => router.messages('next').filter((message) => message.id === id);
    await router.until(() => eventsOf('normal').length === 1 && eventsOf('hanging').length === 1);
    expect(eventsOf('normal')[0]?.payload).toEqual({
      data: {
        environmentAccountConnectionStatusChanged: {
          previousStatus: null,
          status: 'PENDING',
          connection: { environmentName: 'far', tags: [] },
        },
      },
    });
    router.answerBy(({ message: { id } }, response) => {
      if (id === 'normal') response.writeHead(204).end();
    });
    expect(await server.end('SIGTERM')).toBe(0);
    expect(
      router
        .messages('complete')
        .map(({ id }) => id)
        .sort(),
    ).toContain('normal');
    const lines = server.log().filter(({ msg }) => msg === 'subscription');
    expect(lines).toEqual([
      expect.objectContaining({ transport: 'callback', outcome: 'SERVER_STOPPING', events: 1 }),
      expect.objectContaining({ transport: 'callback', outcome: 'SERVER_STOPPING', events: 1 }),
    ]);
    expect(server.log()).toContainEqual(
      expect.objectContaining({
        outcome: 'CALLBACK_REFUSED',
        reason: 'SUBSCRIPTION_CALLBACK_URLS does not list http://127.0.0.1:1/elsewhere',
      }),
    );
  });
});
