import { randomUUID } from 'node:crypto';

import type { EmbeddedProtonService } from '../control-plane/control-plane';
import { ProtonFailure } from '../proton/failure';
import { accountViewer } from '../proton/viewer';
import { SignatureError } from '../sigv4/signature-error';
import { awsErrorOfSignature, type Authenticate } from './authenticate';
import { AwsError, awsErrorOf, FAULT } from './aws-error';
import { parseInput } from './json-input';
import {
  errorResponse,
  onlyValue,
  successResponse,
  type AwsRequest,
  type AwsResponse,
  type CallRecord,
} from './messages';
import type { Operation } from './operations/operation';
import { OPERATIONS } from './operations/operations';
import { checkRequestLine } from './request-line';

export interface AwsApiDependencies {
  readonly service: Pick<EmbeddedProtonService, 'session'>;
  readonly authenticate: Authenticate;
  /** Receives every unexpected failure, with the id of its request. */
  readonly reportFault: (error: unknown, requestId: string) => void;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** The control plane's API for AWS clients, in the protocol AWS JSON 1.0. Knows nothing of the HTTP server. */
export interface AwsApi {
  /**
   * Handles a request. Never rejects.
   * @param record is filled in on the way
   */
  readonly handle: (request: AwsRequest, record?: CallRecord) => Promise<AwsResponse>;
  /** The response to a request that the HTTP server refused before `handle`. */
  readonly refuse: (error: AwsError, record?: CallRecord) => AwsResponse;
}

export function createAwsApi({
  service,
  authenticate,
  reportFault,
  now = Date.now,
}: AwsApiDependencies): AwsApi {
  async function perform(request: AwsRequest, record: CallRecord): Promise<object> {
    checkRequestLine(request);
    const caller = await authenticate(request);
    const { accountId, accessKeyId, region } = caller;
    record.subject = accessKeyId === accountId ? accountId : `${accountId}/${accessKeyId}`;
    const { name, operation } = operationOf(request);
    record.operation = name;
    const input = parseInput(request.body);
    return operation(input, { caller, session: service.session(accountViewer(accountId), { region }) });
  }

  function awsErrorFor(error: unknown, requestId: string): AwsError {
    if (error instanceof AwsError) return error;
    if (error instanceof SignatureError) return awsErrorOfSignature(error);
    if (error instanceof ProtonFailure && error.code !== 'UNAVAILABLE') return awsErrorOf(error);
    reportFault(error, requestId);
    return FAULT;
  }

  function refuse(error: AwsError, record: CallRecord = newRecord()): AwsResponse {
    record.failure ??= error.name;
    return errorResponse(error, { requestId: record.id, at: now() });
  }

  return {
    async handle(request, record = newRecord()) {
      try {
        return successResponse(await perform(request, record), { requestId: record.id, at: now() });
      } catch (error) {
        return refuse(awsErrorFor(error, record.id), record);
      }
    },
    refuse,
  };
}

function newRecord(): CallRecord {
  return { id: randomUUID(), operation: undefined, subject: undefined, failure: undefined };
}

const TARGET_PREFIX = 'AwsProton20200720.';

function operationOf({ headers }: AwsRequest): {
  readonly name: string;
  readonly operation: Operation;
} {
  const target = onlyValue(headers, 'x-amz-target') ?? '';
  const name = target.startsWith(TARGET_PREFIX) ? target.slice(TARGET_PREFIX.length) : '';
  const operation = OPERATIONS.get(name);
  if (operation) return { name, operation };
  throw new AwsError(
    'UnknownOperationException',
    `X-Amz-Target must be ${TARGET_PREFIX} and one of ${[...OPERATIONS.keys()].join(', ')}.`,
  );
}
