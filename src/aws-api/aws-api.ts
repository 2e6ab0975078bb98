import { randomUUID } from 'node:crypto';

import type { EmbeddedProtonService } from '../control-plane/control-plane';
import { ProtonFailure } from '../proton/failure';
import type { SessionOptions } from '../proton/proton-service';
import type { Region } from '../proton/identifiers';
import { accountViewer } from '../proton/viewer';
import { SignatureError } from '../sigv4/signature-error';
import { type Authenticate, awsErrorOfSignature } from './authenticate';
import { AwsError, awsErrorOf, FAULT } from './aws-error';
import { parseInput } from './json-input';
import {
  type AwsRequest,
  type AwsResponse,
  type CallRecord,
  checkRequestLine,
  errorResponse,
  onlyValue,
  successResponse,
} from './messages';
import type { Operation } from './operations/operation';
import { OPERATIONS } from './operations/operations';

/** The end of the time that an operation may read. A class: see `toGraphQLPage` for what the getter of an object literal costs. */
class ReadDeadline {
  private made: AbortSignal | undefined;

  constructor(
    private readonly executionMs: number,
    private readonly client: SessionOptions,
  ) {}

  /** Aborted when the time is up or the client is gone. Its time starts when the signal is first read. */
  get signal(): AbortSignal {
    if (this.made) return this.made;
    const time = AbortSignal.timeout(this.executionMs);
    const { signal } = this.client;
    return (this.made = signal ? AbortSignal.any([time, signal]) : time);
  }

  get isOver(): boolean {
    return this.made?.aborted === true;
  }
}

/** Only operations that can take long read the signal. */
class OperationOptions implements SessionOptions {
  constructor(
    readonly region: Region,
    private readonly deadline: ReadDeadline,
  ) {}

  get signal(): AbortSignal {
    return this.deadline.signal;
  }
}

export interface AwsApiDependencies {
  readonly service: Pick<EmbeddedProtonService, 'session'>;
  readonly authenticate: Authenticate;
  /** Receives every unexpected failure, with the id of its request. */
  readonly reportFault: (error: unknown, requestId: string) => void;
  /** How long an operation may read, in milliseconds; 10,000 unless set. */
  readonly executionMs?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** The control plane's API for AWS clients, in the protocol AWS JSON 1.0. Knows nothing of the HTTP server. */
export interface AwsApi {
  /**
   * Handles a request. Never rejects.
   * @param record is filled in on the way
   * @param client the operation stops reading when its signal is aborted
   */
  readonly handle: (
    request: AwsRequest,
    record?: CallRecord,
    client?: SessionOptions,
  ) => Promise<AwsResponse>;
  /** The response to a request that the HTTP server refused before `handle`. */
  readonly refuse: (error: AwsError, record?: CallRecord) => AwsResponse;
}

export function createAwsApi({
  service,
  authenticate,
  reportFault,
  executionMs = 10_000,
  now = Date.now,
}: AwsApiDependencies): AwsApi {
  async function perform(request: AwsRequest, record: CallRecord, deadline: ReadDeadline): Promise<object> {
    checkRequestLine(request);
    const caller = await authenticate(request);
    const { accountId, accessKeyId, region } = caller;
    record.subject = accessKeyId === accountId ? accountId : `${accountId}/${accessKeyId}`;
    const { name, operation } = operationOf(request);
    record.operation = name;
    const input = parseInput(request.body);
    const options = new OperationOptions(region, deadline);
    return operation(input, { caller, session: service.session(accountViewer(accountId), options) });
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
    async handle(request, record = newRecord(), client = {}) {
      const deadline = new ReadDeadline(executionMs, client);
      try {
        return successResponse(await perform(request, record, deadline), { requestId: record.id, at: now() });
      } catch (error) {
        return refuse(deadline.isOver ? timeoutError(executionMs) : awsErrorFor(error, record.id), record);
      }
    },
    refuse,
  };
}

function timeoutError(executionMs: number): AwsError {
  return new AwsError(
    'RequestTimeoutException',
    `The request was given up after ${String(executionMs)} ms. Ask for less: name the status or the environment.`,
  );
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
