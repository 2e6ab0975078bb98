import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { AwsErrorName } from '../../src/aws-api/aws-error';
import type { HttpErrorCode } from '../../src/graphql/request-error';
import type { CloseReason } from '../../src/http/lifecycle/close-socket';
import type { FailureCode } from '../../src/proton/failure';
import type { LimitCode } from '../../src/graphql/limits/document-limits';
import { labelsAmong, OUTCOMES } from '../../src/telemetry/outcome-codes';
import { PROJECT } from '../support/server-process';

type Code = AwsErrorName | CloseReason | HttpErrorCode | FailureCode | LimitCode;

/** The type makes sure that no code is missing. */
const CODES: Readonly<Record<Code, true>> = {
  ACCESS_DENIED: true,
  ANSWER_NOT_TAKEN: true,
  CUT_AT_STOP: true,
  AccessDeniedException: true,
  BAD_REQUEST: true,
  BODY_TOO_LARGE: true,
  CONFLICT: true,
  ConflictException: true,
  EXECUTION_TIMEOUT: true,
  INTERNAL_SERVER_ERROR: true,
  IncompleteSignatureException: true,
  InternalServerException: true,
  InvalidSignatureException: true,
  METHOD_NOT_ALLOWED: true,
  MISDIRECTED: true,
  MissingAuthenticationTokenException: true,
  NOT_FOUND: true,
  FORBIDDEN_ORIGIN: true,
  TOO_MANY_SUBSCRIPTIONS: true,
  CALLBACK_FAILED: true,
  CALLBACK_REFUSED: true,
  NOT_READY: true,
  SUBSCRIPTION_NOT_SUPPORTED: true,
  OVERLOADED: true,
  QUOTA_EXCEEDED: true,
  RATE_LIMITED: true,
  REQUEST_TIMEOUT: true,
  RequestEntityTooLargeException: true,
  RequestExpired: true,
  RequestTimeoutException: true,
  ResourceNotFoundException: true,
  SerializationException: true,
  ServiceQuotaExceededException: true,
  THROTTLED: true,
  TOO_DEEP: true,
  TOO_EXPENSIVE: true,
  TOO_MANY_ALIASES: true,
  TOO_MANY_DIRECTIVES: true,
  TOO_MANY_REPRESENTATIONS: true,
  TOO_MANY_TOKENS: true,
  ThrottlingException: true,
  UNAUTHENTICATED: true,
  UNAVAILABLE: true,
  UNSUPPORTED_MEDIA_TYPE: true,
  UnknownOperationException: true,
  UnrecognizedClientException: true,
  VALIDATION_ERROR: true,
  ValidationException: true,
};

it('A label has a known value or `other`', () => {
  const label = labelsAmong(new Set(['known']));
  expect(['known', 'made up', '', undefined].map(label)).toEqual(['known', 'other', 'other', 'none']);
});

it('Every code that a response can have is counted under its own name', () => {
  expect(OUTCOMES).toEqual(expect.arrayContaining(Object.keys(CODES)));
});

it('Every code that a client can get is in the reference', () => {
  const page = readFileSync(join(PROJECT, 'docs', 'reference', 'errors.md'), 'utf8');
  // These are in the log only: the connection is closed without a response.
  const logOnly = ['ANSWER_NOT_TAKEN', 'CUT_AT_STOP'];
  const missing = Object.keys(CODES).filter(
    (code) => !logOnly.includes(code) && !page.includes(`\`${code}\``),
  );
  expect(missing).toEqual([]);
});
