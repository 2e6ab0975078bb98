import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Credentials } from '../../src/proton-sdk/transport/credentials';

/** A request to assume a role. */
export interface AssumedRole {
  readonly roleArn: string | null;
  readonly sessionName: string | null;
}

export interface Sts {
  readonly origin: string;
  readonly assumed: AssumedRole[];
  readonly stop: () => Promise<void>;
}

/** Starts a substitute for AWS's Security Token Service. It returns the credentials of a role, or denies access if it has none. */
export async function startSts(
  credentialsOf: (roleArn: string) => Promise<Credentials | undefined>,
): Promise<Sts> {
  const assumed: AssumedRole[] = [];
  const server = createServer((request, response) => {
    void respond(request, response);
  });

  async function respond(request: IncomingMessage, response: ServerResponse) {
    let body = '';
    for await (const chunk of request.setEncoding('utf8') as AsyncIterable<string>) body += chunk;
    const form = new URLSearchParams(body);
    const roleArn = form.get('RoleArn');
    assumed.push({ roleArn, sessionName: form.get('RoleSessionName') });
    const credentials = await credentialsOf(roleArn ?? '');
    response
      .writeHead(credentials ? 200 : 403, { 'content-type': 'text/xml' })
      .end(credentials ? assumeRoleResponse(credentials) : ACCESS_DENIED);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    assumed,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';

function assumeRoleResponse({ accessKeyId, secretAccessKey, expiration }: Credentials): string {
  return `<AssumeRoleResponse xmlns="${NAMESPACE}"><AssumeRoleResult><Credentials>
    <AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secretAccessKey}</SecretAccessKey>
    <Expiration>${(expiration ?? new Date(Date.now() + 3_600_000)).toISOString()}</Expiration>
  </Credentials></AssumeRoleResult></AssumeRoleResponse>`;
}

const ACCESS_DENIED = `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>AccessDenied</Code>
  <Message>User is not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>`;
