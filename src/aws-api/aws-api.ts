import { randomUUID } from 'node:crypto';

import type { EmbeddedProtonService } from '../control-plane/control-plane';
import { ProtonFailure } from '../proton/failure';
import type { SessionOptions } from '../proton/proton-service';
import { accountViewer } from '../proton/viewer';
import { SignatureRefusal } from '../sigv4/signature-refusal';
import type { Authenticate } from './caller';
import { awsErrorOfRefusal } from './signing-rules';
import { AwsError, awsErrorOf, FAULT } from './aws-error';
import {
  errorAnswer,
  onlyValue,
  successAnswer,
  type EndpointAnswer,
  type EndpointRequest,
  type ExchangeNotes,
} from './messages';
import { parseInput } from './json-input';
import type { Operation } from './operations/registry-types';
import { readDeadline, type ReadDeadline } from './read-deadline';
import { OPERATIONS } from './operations/operations';
import { checkRequestLine } from './request-line';

export interface EndpointParts {
  readonly service: Pick<EmbeddedProtonService, 'session'>;
  readonly authenticate: Authenticate;
  /** Is told of what goes wrong on our side, and in which request. */
  readonly reportFault: (error: unknown, requestId: string) => void;
  /** How long an operation may read, in milliseconds; 10,000 unless set. */
  readonly executionMs?: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** The control plane's front door for AWS clients: AWS's JSON protocol, version 1.0, whatever carries it. */
export interface Endpoint {
  /**
   * Answers any request; it never rejects.
   * @param notes are filled in on the way
   * @param client reading stops when its signal is aborted
   */
  readonly answer: (
    request: EndpointRequest,
    notes?: ExchangeNotes,
    client?: SessionOptions,
  ) => Promise<EndpointAnswer>;
  /** Answers what could not be read as a request. */
  readonly refuse: (error: AwsError, notes?: ExchangeNotes) => EndpointAnswer;
}

export function createEndpoint({
  service,
  authenticate,
  reportFault,
  executionMs = 10_000,
  now = Date.now,
}: EndpointParts): Endpoint {
  async function perform(
    request: EndpointRequest,
    notes: ExchangeNotes,
    deadline: ReadDeadline,
  ): Promise<object> {
    checkRequestLine(request);
    const caller = await authenticate(request);
    const { accountId, accessKeyId, region } = caller;
    notes.subject = accessKeyId === accountId ? accountId : `${accountId}/${accessKeyId}`;
    const { name, operation } = operationOf(request);
    notes.operation = name;
    const input = parseInput(request.body);
    const options = {
      region,
      // Asked for by what takes long, which few operations do.
      get signal() {
        return deadline.signal;
      },
    };
    return operation(input, { caller, session: service.session(accountViewer(accountId), options) });
  }

  function awsErrorFor(error: unknown, requestId: string): AwsError {
    if (error instanceof AwsError) return error;
    if (error instanceof SignatureRefusal) return awsErrorOfRefusal(error);
    if (error instanceof ProtonFailure && error.code !== 'UNAVAILABLE') return awsErrorOf(error);
    reportFault(error, requestId);
    return FAULT;
  }

  function refuse(error: AwsError, notes: ExchangeNotes = newNotes()): EndpointAnswer {
    notes.failure ??= error.name;
    return errorAnswer(error, { requestId: notes.id, at: now() });
  }

  return {
    async answer(request, notes = newNotes(), client = {}) {
      const deadline = readDeadline(executionMs, client);
      try {
        return successAnswer(await perform(request, notes, deadline), { requestId: notes.id, at: now() });
      } catch (error) {
        return refuse(deadline.isOver() ? tooLong(executionMs) : awsErrorFor(error, notes.id), notes);
      }
    },
    refuse,
  };
}

function tooLong(executionMs: number): AwsError {
  return new AwsError(
    'RequestTimeoutException',
    `The request was given up after ${String(executionMs)} ms. Ask for less: name the status or the environment.`,
  );
}

function newNotes(): ExchangeNotes {
  return { id: randomUUID(), operation: undefined, subject: undefined, failure: undefined };
}

const TARGET_PREFIX = 'AwsProton20200720.';

function operationOf({ headers }: EndpointRequest): {
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
