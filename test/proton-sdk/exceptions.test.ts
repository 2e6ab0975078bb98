import type { ConnectionView } from '../../src/proton/connection';
import { ProtonFailure } from '../../src/proton/failure';
import type { ProtonSession } from '../../src/proton/proton-service';
import { unrestrictedViewer } from '../../src/proton/viewer';
import { failingWith, startFaultProxy, type FaultProxy } from '../support/fault-proxy';
import { ENVIRONMENT, MANAGEMENT, region } from '../support/proton';
import { createSdkService, startSignedEndpoint, type SignedEndpoint } from '../support/sdk-service';

const ADMIN = unrestrictedViewer('admin');
const ROLE = `arn:aws:iam::${ENVIRONMENT}:role/x`;
const CREATE = { managementAccountId: MANAGEMENT, environmentAccountId: ENVIRONMENT, environmentName: 'new' };

const WRITES = {
  CreateEnvironmentAccountConnection: (session: ProtonSession) => session.createConnection(CREATE),
  UpdateEnvironmentAccountConnection: (session: ProtonSession, id: string) =>
    session.updateConnection({ id, roleArn: ROLE }),
  AcceptEnvironmentAccountConnection: (session: ProtonSession, id: string) =>
    session.acceptConnection({ id }),
  RejectEnvironmentAccountConnection: (session: ProtonSession, id: string) =>
    session.rejectConnection({ id }),
  DeleteEnvironmentAccountConnection: (session: ProtonSession, id: string) =>
    session.deleteConnection({ id }),
  TagResource: (session: ProtonSession, id: string) =>
    session.tagConnection({ id, tags: [{ key: 'a', value: '' }] }),
  UntagResource: (session: ProtonSession, id: string) => session.untagConnection({ id, tagKeys: ['a'] }),
};

/** The failure code for each of Proton's exceptions, for the operations in the order above; null for a success. */
const CODES: Readonly<Record<string, readonly (string | null)[]>> = {
  AccessDeniedException: Array<string>(7).fill('ACCESS_DENIED'),
  ConflictException: Array<string>(7).fill('CONFLICT'),
  ValidationException: Array<string>(7).fill('VALIDATION_ERROR'),
  ResourceNotFoundException: [
    'UNAVAILABLE', // Creating refers to no connection.
    'NOT_FOUND',
    'NOT_FOUND',
    'NOT_FOUND',
    null, // It has been deleted by another request.
    'NOT_FOUND',
    'NOT_FOUND',
  ],
  ServiceQuotaExceededException: ['QUOTA_EXCEEDED', ...Array<string>(6).fill('UNAVAILABLE')],
  ExpiredTokenException: Array<string>(7).fill('UNAVAILABLE'),
  constructor: Array<string>(7).fill('UNAVAILABLE'),
};

describe('Proton’s exception', () => {
  let endpoint: SignedEndpoint;
  let proxy: FaultProxy;
  let connection: ConnectionView;

  beforeAll(async () => {
    endpoint = await startSignedEndpoint();
    proxy = await startFaultProxy(endpoint.origin);
    connection = await endpoint.service
      .session(ADMIN)
      .createConnection({ ...CREATE, environmentName: 'existing' });
  });

  afterAll(async () => {
    await proxy.stop();
    await endpoint.stop();
  });

  it.each(Object.entries(CODES))(
    '%s is mapped to its code, with a message of our own',
    async (name, expected) => {
      const { service, reports } = createSdkService({
        endpointUrl: proxy.origin,
        credentialsFor: endpoint.credentialsFor,
        accounts: [ENVIRONMENT, MANAGEMENT],
        regions: [region('us-east-1')],
      });
      proxy.use(({ operation }) => (operation in WRITES ? failingWith(400, name) : undefined));
      const codes: (string | null)[] = [];
      for (const write of Object.values(WRITES)) {
        const failure = await write(service.session(ADMIN), connection.id).then(
          () => null,
          (error: unknown) => error,
        );
        codes.push(failure instanceof ProtonFailure ? failure.code : null);
        expect(failure instanceof ProtonFailure ? failure.message : '').not.toContain('Message of the proxy');
      }
      expect(codes).toEqual(expected);
      // Missing connections are not reported; everything else is, with Proton's message.
      const unreported = codes.filter((code) => code === null || code === 'NOT_FOUND').length;
      expect(reports.filter(({ errorMessage }) => errorMessage === 'Message of the proxy.')).toHaveLength(
        7 - unreported,
      );
      service.close();
    },
  );

  it('ValidationException for tags means too many tags, the only rule that only Proton can check', async () => {
    const { service } = createSdkService({
      endpointUrl: proxy.origin,
      credentialsFor: endpoint.credentialsFor,
    });
    proxy.use(({ operation }) =>
      operation === 'TagResource' ? failingWith(400, 'ValidationException') : undefined,
    );
    await expect(WRITES.TagResource(service.session(ADMIN), connection.id)).rejects.toMatchObject({
      violations: [{ path: ['tags'], message: 'must leave the connection with at most 50 tags' }],
    });
    service.close();
  });
});
