import { accountViewer } from '../../src/proton/viewer';
import {
  awsCommandMissing,
  awsProton,
  boto3Missing,
  boto3Outcomes,
  testUnless,
} from '../support/aws-commands';
import type { Credentials } from '../support/aws-signing';
import { startEndpoint, type RunningEndpoint } from '../support/aws-api';
import { ENVIRONMENT, MANAGEMENT } from '../support/proton';

const ROLE = `arn:aws:iam::${ENVIRONMENT}:role/proton`;

describe.each(['none', 'sigv4'] as const)('With authentication %s', (auth) => {
  let endpoint: RunningEndpoint;
  let environment: Credentials;
  let management: Credentials;

  beforeEach(async () => {
    endpoint = await startEndpoint({ auth });
    environment = await credentialsOf(ENVIRONMENT);
    management = await credentialsOf(MANAGEMENT);
  });

  afterEach(() => endpoint.stop());

  const credentialsOf = async (accountId: typeof ENVIRONMENT): Promise<Credentials> =>
    auth === 'none' ? { accessKeyId: accountId, secretAccessKey: 'x' } : endpoint.accessKeys.issue(accountId);

  testUnless(
    boto3Missing,
    'boto3 runs a life cycle, and receives each error as its exception',
    boto3LifeCycle,
  );

  async function boto3LifeCycle(): Promise<void> {
    const outcomes = await boto3Outcomes({ endpoint: endpoint.origin, environment, management });
    const pending = {
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      environmentName: 'payments-prod',
      roleArn: ROLE,
      status: 'PENDING',
      arn: expect.stringContaining(`arn:aws:proton:eu-central-1:${ENVIRONMENT}:`) as string,
      requestedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
    };
    const connected = { ...pending, status: 'CONNECTED' };
    const rejected = { ...pending, status: 'REJECTED', codebuildRoleArn: ROLE, componentRoleArn: ROLE };
    expect(outcomes).toMatchObject({
      create: { environmentAccountConnection: pending },
      get: { environmentAccountConnection: pending },
      accept: { environmentAccountConnection: connected },
      update: {
        environmentAccountConnection: { ...connected, codebuildRoleArn: ROLE, componentRoleArn: ROLE },
      },
      tag: {},
      tags: {
        tags: [
          { key: 'a b', value: '' },
          { key: 'team', value: 'Zahlungsverkehr für alle' },
        ],
      },
      untag: {},
      'tags after': { tags: [{ key: 'team', value: 'Zahlungsverkehr für alle' }] },
      pages: {
        names: [
          ['e6', 'e5', 'e4'],
          ['e3', 'e2', 'e1'],
          ['e0', 'payments-prod'],
        ],
      },
      reject: { environmentAccountConnection: rejected },
      delete: { environmentAccountConnection: rejected },
      'delete again': {},
      gone: { class: 'ResourceNotFoundException', code: 'ResourceNotFoundException', retries: 0 },
      conflict: { class: 'ConflictException', code: 'ConflictException', retries: 0 },
      invalid: {
        class: 'ValidationException',
        message: expect.stringMatching(
          /^Invalid input: managementAccountId must .*; environmentName must /,
        ) as string,
      },
      missing: {
        class: 'ValidationException',
        message: 'Invalid input: managementAccountId must be given; environmentName must be given.',
      },
      'wrong type': { code: 'SerializationException', message: 'statuses.0 must be a string.', retries: 0 },
      elsewhere: { environmentAccountConnections: [] },
      denied: { class: 'AccessDeniedException' },
      'not here': { class: 'ResourceNotFoundException' },
    });
    const found = { environmentAccountConnection: { environmentName: 'e0' } };
    expect(outcomes).toMatchObject(
      auth === 'none'
        ? { 'wrong secret': found, token: found }
        : {
            'wrong secret': { code: 'InvalidSignatureException' },
            token: {
              code: 'UnrecognizedClientException',
              message: expect.stringMatching(
                /^The security token included in the request is invalid\. .*unset AWS_SESSION_TOKEN\.$/,
              ) as string,
            },
            'swapped target': { code: 'InvalidSignatureException' },
            'still there': found,
          },
    );
    expect(endpoint.faults).toEqual([]);
  }

  testUnless(
    awsCommandMissing,
    'the aws command runs a life cycle, and prints errors',
    auth === 'none' ? awsCommandWithoutSetup : awsCommandLifeCycle,
  );

  /** The README's first command, without any other setup. */
  async function awsCommandWithoutSetup(): Promise<void> {
    const { code, output, stderr } = await awsProton(endpoint.origin, environment, [
      'create-environment-account-connection',
      ...['--management-account-id', MANAGEMENT],
      ...['--environment-name', 'payments-prod'],
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(output).toMatchObject({
      environmentAccountConnection: { status: 'PENDING', environmentAccountId: ENVIRONMENT },
    });
  }

  async function awsCommandLifeCycle(): Promise<void> {
    const aws = (credentials: Credentials, ...args: string[]) =>
      awsProton(endpoint.origin, credentials, args);
    const created = await aws(
      environment,
      'create-environment-account-connection',
      ...['--management-account-id', MANAGEMENT],
      ...['--environment-name', 'payments-prod'],
      ...['--tags', 'key=team,value=payments'],
    );
    expect(created).toMatchObject({
      code: 0,
      stderr: '',
      output: { environmentAccountConnection: { status: 'PENDING', environmentAccountId: ENVIRONMENT } },
    });
    const { id } = (created.output as { environmentAccountConnection: { id: string } })
      .environmentAccountConnection;

    const [accepted, denied, listed] = await Promise.all([
      aws(management, 'accept-environment-account-connection', '--id', id),
      aws(environment, 'reject-environment-account-connection', '--id', id),
      aws(
        management,
        'list-environment-account-connections',
        ...['--requested-by', 'MANAGEMENT_ACCOUNT'],
        ...['--page-size', '1'],
      ),
    ]);
    expect(accepted.output).toMatchObject({ environmentAccountConnection: { id, status: 'CONNECTED' } });
    expect(denied.stderr).toMatch(
      /An error occurred \(AccessDeniedException\) when calling the RejectEnvironment/,
    );
    expect(listed.output).toMatchObject({ environmentAccountConnections: [{ id }] });

    const session = endpoint.service.session(accountViewer(ENVIRONMENT));
    expect(await session.findConnections([{ id }])).toMatchObject([
      { tags: [{ key: 'team', value: 'payments' }] },
    ]);
    const [deleted, invalid] = await Promise.all([
      aws(environment, 'delete-environment-account-connection', '--id', id),
      aws(environment, 'get-environment-account-connection', '--id', 'x'),
    ]);
    expect(deleted.output).toMatchObject({ environmentAccountConnection: { id } });
    expect(invalid.stderr).toContain('(ValidationException)');
    expect(invalid.stderr).toContain('Invalid input: id must be the id of a connection');
    expect(invalid.code).not.toBe(0);
    expect(await session.findConnections([{ id }])).toEqual([undefined]);
    expect(endpoint.faults).toEqual([]);
  }
});
