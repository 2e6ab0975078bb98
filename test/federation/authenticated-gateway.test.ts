import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';

import { APOLLO } from './composers';
import { startApp } from '../support/app';
import { request } from '../support/graphql-client';
import { bearer, createKeys, tokenOf, useKeyFile } from '../authentication/issuer';

const SECRET = 'shared-with-the-gateway';

interface GatewayContext {
  readonly authorization?: string | undefined;
}

type SentRequest = Parameters<NonNullable<RemoteGraphQLDataSource<GatewayContext>['willSendRequest']>>[0];

/** Sends the gateway's secret with every request, and forwards the user's token. */
class AuthenticatedDataSource extends RemoteGraphQLDataSource<GatewayContext> {
  override willSendRequest({ request: sent, context }: SentRequest) {
    sent.http?.headers.set('router-authorization', SECRET);
    const { authorization } = context as GatewayContext;
    if (authorization !== undefined) sent.http?.headers.set('authorization', authorization);
  }
}

describe('Through a gateway with a secret', () => {
  const keys = createKeys('ES256');
  const environment = useKeyFile(keys);

  it('a user acts with their permissions, and is the actor in the history', async () => {
    const app = await startApp({ ...environment, ROUTER_SECRET: SECRET, NODE_ENV: 'production' });
    // Gateways fetch the SDL with their secret and without a user's token.
    const { data } = await request<{ readonly _service: { readonly sdl: string } }>(
      app.url,
      '{ _service { sdl } }',
      {},
      { 'router-authorization': SECRET },
    );
    const { supergraphSdl } = APOLLO.compose([
      { name: 'proton', url: app.url, sdl: data?._service.sdl ?? '' },
    ]);
    const server = new ApolloServer<GatewayContext>({
      gateway: new ApolloGateway({
        supergraphSdl,
        buildService: () => new AuthenticatedDataSource({ url: app.url }),
      }),
      stopOnTerminationSignals: false,
    });
    const { url } = await startStandaloneServer(server, {
      listen: { host: '127.0.0.1', port: 0 },
      context: ({ req }) => Promise.resolve({ authorization: req.headers.authorization }),
    });
    try {
      const create = `mutation {
        createEnvironmentAccountConnection(input: { managementAccountId: "111111111111", environmentName: "a" }) {
          success
          error { code }
          data { environmentAccountId history { nodes { type actor } } }
        }
      }`;
      const writer = await tokenOf(keys, {
        claims: { sub: 'ann', aws_accounts: { '222222222222': ['write'] } },
      });
      expect(await request(url, create, {}, bearer(writer))).toEqual({
        data: {
          createEnvironmentAccountConnection: {
            success: true,
            error: null,
            data: {
              environmentAccountId: '222222222222',
              history: { nodes: [{ type: 'CREATED', actor: 'ann' }] },
            },
          },
        },
      });
      const count = '{ environmentAccountConnections { totalCount } }';
      const stranger = await tokenOf(keys, { claims: { sub: 'bob', aws_accounts: ['333333333333'] } });
      expect(await request(url, count, {}, bearer(writer))).toEqual({
        data: { environmentAccountConnections: { totalCount: 1 } },
      });
      expect(await request(url, count, {}, bearer(stranger))).toEqual({
        data: { environmentAccountConnections: { totalCount: 0 } },
      });
      const { data: nothing, errors } = await request(url, count);
      expect([nothing, JSON.stringify(errors)]).toEqual([
        { environmentAccountConnections: null },
        expect.stringContaining('401'),
      ]);
    } finally {
      await server.stop();
      await app.stop();
    }
  });
});
