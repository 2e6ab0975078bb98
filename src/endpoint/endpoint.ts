import type { EmbeddedProtonService } from '../proton/embedded/embedded-proton-service';
import { ProtonFailure } from '../proton/failure';
import { accountViewer } from '../proton/viewer';
import type { Authenticate } from './authentication/caller';
import { AwsError, awsErrorOf, FAULT } from './aws-error';
import { errorAnswer, onlyValue, successAnswer, type EndpointAnswer, type EndpointRequest } from './exchange';
import { parseInput } from './json-input';
import type { Operation } from './operations/operation';
import { OPERATIONS } from './operations/operations';
import { checkRequestLine } from './request-line';

export interface EndpointParts {
  readonly service: Pick<EmbeddedProtonService, 'session'>;
  readonly authenticate: Authenticate;
  /** Is told of what goes wrong on our side. */
  readonly reportFault: (error: unknown) => void;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** The control plane's front door for AWS clients: AWS's JSON protocol, version 1.0, whatever carries it. */
export interface Endpoint {
  /** Answers any request; it never rejects. */
  readonly answer: (request: EndpointRequest) => Promise<EndpointAnswer>;
  /** Answers what could not be read as a request. */
  readonly refuse: (error: AwsError) => EndpointAnswer;
}

export function createEndpoint({
  service,
  authenticate,
  reportFault,
  now = Date.now,
}: EndpointParts): Endpoint {
  async function perform(request: EndpointRequest): Promise<object> {
    checkRequestLine(request);
    const caller = await authenticate(request);
    const operation = operationOf(request);
    const input = parseInput(request.body);
    const { accountId, region } = caller;
    return operation(input, { caller, session: service.session(accountViewer(accountId), { region }) });
  }

  function awsErrorFor(error: unknown): AwsError {
    if (error instanceof AwsError) return error;
    if (error instanceof ProtonFailure && error.code !== 'UNAVAILABLE') return awsErrorOf(error);
    reportFault(error);
    return FAULT;
  }

  return {
    async answer(request) {
      try {
        return successAnswer(await perform(request), now());
      } catch (error) {
        return errorAnswer(awsErrorFor(error), now());
      }
    },
    refuse: (error) => errorAnswer(error, now()),
  };
}

const TARGET_PREFIX = 'AwsProton20200720.';

function operationOf({ headers }: EndpointRequest): Operation {
  const target = onlyValue(headers, 'x-amz-target') ?? '';
  const operation = target.startsWith(TARGET_PREFIX)
    ? OPERATIONS.get(target.slice(TARGET_PREFIX.length))
    : undefined;
  if (operation) return operation;
  throw new AwsError(
    'UnknownOperationException',
    `X-Amz-Target must be ${TARGET_PREFIX} and one of ${[...OPERATIONS.keys()].join(', ')}.`,
  );
}
