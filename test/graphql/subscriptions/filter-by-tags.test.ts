import { parse } from 'graphql';

import { createErrorFormatter } from '../../../src/graphql/format-error';
import type { AcceptedSubscription } from '../../../src/graphql/subscriptions/accept-subscription';
import { createEventExecution } from '../../../src/graphql/subscriptions/execute-event';
import type { ConnectionStatus, ConnectionView } from '../../../src/proton/connection';
import { normalizeSelection, type ConnectionFilter } from '../../../src/proton/page';
import { concerns, type ConnectionStatusChange } from '../../../src/proton/status-changes';
import { unrestrictedViewer } from '../../../src/proton/viewer';
import { openSession } from '../../../src/subgraph/context';
import { buildSubgraph } from '../../../src/subgraph/schema';
import { MANAGEMENT, ENVIRONMENT, region } from '../../support/proton';
import { createSdkService, startSignedEndpoint, type SignedEndpoint } from '../../support/sdk-service';

const VIEWER = unrestrictedViewer('someone');

function changeOf(connection: ConnectionView, status: ConnectionStatus | null): ConnectionStatusChange {
  return { position: 1, connection, previousStatus: 'PENDING', status, occurredAt: 0, eventId: 'event' };
}

const subscribe = (filter: ConnectionFilter): AcceptedSubscription => ({
  document: parse(
    'subscription { environmentAccountConnectionStatusChanged { status connection { environmentName viewerActions trustPolicies { role } } } }',
  ),
  operationName: undefined,
  variables: {},
  selection: normalizeSelection({ filter }),
  key: 'key',
  cost: 1,
  label: 'environmentAccountConnectionStatusChanged',
  name: undefined,
});

/** AWS's lists have no tags, so the changes that the adapter finds have none either. */
describe('A subscription with a filter by tags, over an endpoint elsewhere', () => {
  let endpoint: SignedEndpoint;
  let close: () => void;
  let connection: ConnectionView;
  let execute: ReturnType<typeof createEventExecution>;

  beforeAll(async () => {
    endpoint = await startSignedEndpoint();
    const { service } = createSdkService({
      endpointUrl: endpoint.origin,
      credentialsFor: endpoint.credentialsFor,
      regions: [region('us-east-1')],
    });
    ({ close } = service);
    execute = createEventExecution({
      schema: buildSubgraph().schema,
      formatError: createErrorFormatter({ suggestions: true }),
      openSession: (viewer, end) => openSession(service, viewer, end),
      trustPolicyDefaults: { region: region('us-east-1'), provisionerRole: null },
      reportFault(fault) {
        throw fault;
      },
      executionMs: 10_000,
    });
    connection = await service.session(VIEWER).createConnection({
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      environmentName: 'payments-prod',
      roleArn: `arn:aws:iam::${ENVIRONMENT}:role/provisioning`,
      tags: [{ key: 'team', value: 'payments' }],
    });
  });

  afterAll(async () => {
    close();
    await endpoint.stop();
  });

  it.each([
    [[{ key: 'team' }], true],
    [[{ key: 'team', value: 'payments' }], true],
    [[{ key: 'team', value: 'orders' }], false],
    [[{ key: 'stage' }], false],
  ])('reads the tags of a change before it is sent: %j', async (tags, isSent) => {
    const subscription = subscribe({ tags });
    const change = changeOf(connection, 'PENDING');
    expect(concerns(VIEWER, subscription.selection, change)).toBe(true);
    expect(await execute(subscription, VIEWER, change)).toEqual(
      isSent
        ? {
            data: {
              environmentAccountConnectionStatusChanged: {
                status: 'PENDING',
                connection: {
                  environmentName: 'payments-prod',
                  viewerActions: ['UPDATE', 'TAG', 'UNTAG', 'DELETE', 'ACCEPT', 'REJECT'],
                  trustPolicies: [{ role: 'PROVISIONING' }],
                },
              },
            },
          }
        : undefined,
    );
  });

  it('selects by the beginning of the name without a call', () => {
    const change = changeOf(connection, 'PENDING');
    const selects = (environmentNamePrefix: string) =>
      concerns(VIEWER, normalizeSelection({ filter: { environmentNamePrefix } }), change);
    expect(['pay', 'payments-prod', '', 'prod', 'pay%', 'payments_'].map(selects)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('offers no action on a connection that is deleted', async () => {
    const result = await execute(subscribe({}), VIEWER, changeOf(connection, null));
    expect(result?.data).toMatchObject({
      environmentAccountConnectionStatusChanged: { status: null, connection: { viewerActions: [] } },
    });
  });
});
