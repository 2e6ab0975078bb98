import type { RunningApp } from '../support/app';
import { callAs, sendHttp } from '../support/aws-call';
import { request } from '../support/graphql-client';
import { subscribeTo } from '../support/subscription-socket';

const CREATE = `mutation Create($name: String!) {
  createEnvironmentAccountConnection(
    input: { managementAccountId: "111111111111", environmentName: $name }
  ) { success }
}`;

/** Sends requests that change every metric. `name` appears in every place that a client chooses. */
export async function exercise({ url, protonEndpoint = '' }: RunningApp, name: string): Promise<void> {
  const origin = new URL(url).origin;
  const watching = await subscribeTo(url);
  await watching.subscribe(`subscription ${name} { ${name} }`, { [name]: name }, name);
  await watching.next();
  await request(url, CREATE, { name });
  await watching.changes(1);
  watching.socket.close();
  await watching.closed;
  // A conflict: the environment already has a connection.
  await request(url, CREATE, { name });
  await request(url, `query ${name} { environmentAccountConnections { totalCount } }`);
  await request(
    url,
    `query ${name} { a${name}: environmentAccountConnection(id: "${name}") { id } b: environmentAccountConnections { totalCount } }`,
  );
  await request(url, `{ ${name} }`);
  await request(url, `{ ${'__typename '.repeat(3_000)} }`);
  await request(url, '{ environmentAccountConnections(first: 1000000) { totalCount edges { cursor } } }');
  await sendHttp(origin, {
    path: `/${name}?${name}=${name}`,
    headers: { 'content-type': 'text/plain', [name]: name },
  });
  await sendHttp(origin, { method: 'PURGE', path: `/${name}` });
  await sendHttp(origin, {
    path: '/graphql',
    body: `{"${name}`,
    headers: { 'content-type': 'application/json' },
  });
  await sendHttp(origin, { path: '/%zz' });
  await callAs(protonEndpoint, '111111111111', 'ListEnvironmentAccountConnections', {
    requestedBy: 'MANAGEMENT_ACCOUNT',
  });
  await callAs(protonEndpoint, '111111111111', name, {});
  await callAs(protonEndpoint, '111111111111', 'GetEnvironmentAccountConnection', { id: name });
  await callAs(protonEndpoint, name, 'GetEnvironmentAccountConnection', { id: name });
  await sendHttp(protonEndpoint, { method: 'DELETE', path: `/${name}`, headers: { [name]: name } });
}
