/* eslint-disable @typescript-eslint/no-deprecated -- All of the client is, since Proton's end; that it goes on working is what is tested. */
import { CreateEnvironmentAccountConnectionCommand, ProtonClient } from '@aws-sdk/client-proton';
import BetterSqlite3 from 'better-sqlite3';

import { startEndpoint, type RunningEndpoint } from '../support/aws-api';
import { callAs } from '../support/aws-call';
import { useTemporaryFolder } from '../support/folder';
import { ENVIRONMENT, MANAGEMENT } from '../support/proton';

const folder = useTemporaryFolder();
const CREATE = { managementAccountId: MANAGEMENT, environmentName: 'payments-prod' };
const FAULT = {
  status: 500,
  error: 'InternalServerException',
  message: 'The request failed on the side of the server. Try again later.',
};

describe('When the store fails', () => {
  let endpoint: RunningEndpoint;
  let location: string;

  beforeEach(async () => {
    location = folder.path('proton.db');
    endpoint = await startEndpoint({ auth: 'none', location, lockTimeoutMs: 20 });
  });

  afterEach(() => endpoint.stop());

  it('clients get InternalServerException without internal details, and the reason is logged', async () => {
    const other = new BetterSqlite3(location);
    other.exec('BEGIN EXCLUSIVE');
    const response = await callAs(endpoint.origin, ENVIRONMENT, 'CreateEnvironmentAccountConnection', CREATE);
    other.close();
    expect(response).toMatchObject(FAULT);
    expect(response.headers).toMatchObject({
      'x-amzn-errortype': 'InternalServerException',
      'content-type': 'application/x-amz-json-1.0',
    });
    expect(endpoint.faults).toEqual([expect.objectContaining({ code: 'UNAVAILABLE' })]);
  });

  it('an SDK retries, and its write happens once', async () => {
    const other = new BetterSqlite3(location);
    other.exec('BEGIN EXCLUSIVE');
    const client = new ProtonClient({
      endpoint: endpoint.origin,
      region: 'us-east-1',
      credentials: { accessKeyId: ENVIRONMENT, secretAccessKey: 'x' },
    });
    // Releases the lock after the first attempt failed.
    client.middlewareStack.add(
      (next) => async (args) => {
        try {
          return await next(args);
        } finally {
          if (other.open) other.close();
        }
      },
      { step: 'deserialize', priority: 'high' },
    );
    const { $metadata, environmentAccountConnection: created } = await client.send(
      new CreateEnvironmentAccountConnectionCommand(CREATE),
    );
    client.destroy();
    expect($metadata.attempts).toBe(2);
    expect(created).toMatchObject({ status: 'PENDING' });
    expect(endpoint.faults).toHaveLength(1);
  });

  it('an unexpected failure gets the same response', async () => {
    await endpoint.store.close();
    const response = await callAs(endpoint.origin, ENVIRONMENT, 'GetEnvironmentAccountConnection', {
      id: '00000000-0000-4000-8000-000000000000',
    });
    expect(response).toMatchObject(FAULT);
    expect(endpoint.faults).toHaveLength(1);
  });
});
