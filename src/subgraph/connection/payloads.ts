import { Field, ID, InterfaceType, ObjectType, registerEnumType } from 'type-graphql';

import type { ConnectionView } from '../../proton/connection';
import { FailureCode, ProtonFailure, type Violation } from '../../proton/failure';
import type { SubgraphContext } from '../context';
import { EnvironmentAccountConnection, showConnection } from './environment-account-connection';

registerEnumType(FailureCode, {
  name: 'EnvironmentAccountConnectionErrorCode',
  description: 'The ways in which a mutation can be expected to fail.',
  valuesConfig: {
    VALIDATION_ERROR: { description: 'The input breaks a rule; `violations` names each.' },
    NOT_FOUND: { description: 'The caller sees no connection under this id.' },
    CONFLICT: { description: 'The state of the connection, or another connection, stands in the way.' },
    ACCESS_DENIED: { description: 'The caller may see the connection but not do this to it.' },
    QUOTA_EXCEEDED: {
      description: 'The environment account has as many connections in the Region as it may have.',
    },
    THROTTLED: { description: 'Too many calls; try again later.' },
    UNAVAILABLE: { description: "The back end can't be reached or can't write; try again later." },
  },
});

@ObjectType({ simpleResolvers: true, description: 'One rule that the input breaks.' })
export class EnvironmentAccountConnectionInputViolation implements Violation {
  @Field(() => [String], {
    description:
      'Path in the input, as in ["tags", "0", "key"]; empty where the rule concerns the whole of it.',
  })
  readonly path!: readonly string[];

  @Field(() => String)
  readonly message!: string;
}

@ObjectType({ simpleResolvers: true, description: 'An expected failure, as data.' })
export class EnvironmentAccountConnectionError {
  @Field(() => FailureCode)
  readonly code!: FailureCode;

  @Field(() => String, { description: 'What is wrong and what to do, for a person.' })
  readonly message!: string;

  @Field(() => [EnvironmentAccountConnectionInputViolation], {
    description: 'One entry for each rule that the input breaks; empty unless `code` is VALIDATION_ERROR.',
  })
  readonly violations!: readonly Violation[];

  @Field(() => Boolean, { description: 'Whether the same call may succeed later.' })
  readonly retryable!: boolean;
}

@InterfaceType({
  description:
    'What every mutation answers: `success` is true exactly when `error` is null. `data` is then the connection as it now is; only deleting what is already gone answers without one.',
  // No field answers the interface itself, and a mutation's field names its payload.
  resolveType: (payload: { readonly __typename?: string }) => payload.__typename,
})
export abstract class EnvironmentAccountConnectionPayload {
  @Field(() => Boolean)
  readonly success!: boolean;

  @Field(() => EnvironmentAccountConnection, { nullable: true })
  readonly data!: EnvironmentAccountConnection | null;

  @Field(() => EnvironmentAccountConnectionError, { nullable: true })
  readonly error!: EnvironmentAccountConnectionError | null;
}

const payloadType = (description: string) =>
  ({ implements: EnvironmentAccountConnectionPayload, simpleResolvers: true, description }) as const;

@ObjectType(
  payloadType(
    '`data` is the connection that was asked for: a new one, or the one that the client token made before.',
  ),
)
export class CreateEnvironmentAccountConnectionPayload extends EnvironmentAccountConnectionPayload {}

@ObjectType(payloadType('`data` is the connection with its roles as they now are.'))
export class UpdateEnvironmentAccountConnectionPayload extends EnvironmentAccountConnectionPayload {}

@ObjectType(payloadType('`data` is the connection, `CONNECTED`.'))
export class AcceptEnvironmentAccountConnectionPayload extends EnvironmentAccountConnectionPayload {}

@ObjectType(payloadType('`data` is the connection, `REJECTED`.'))
export class RejectEnvironmentAccountConnectionPayload extends EnvironmentAccountConnectionPayload {}

@ObjectType(payloadType('`data` is the connection as it last was, and null when it was already gone.'))
export class DeleteEnvironmentAccountConnectionPayload extends EnvironmentAccountConnectionPayload {
  @Field(() => ID, {
    nullable: true,
    description: 'The id that no connection has any more; null on failure.',
  })
  readonly deletedId!: string | null;
}

@ObjectType(payloadType('`data` is the connection with its tags as they now are.'))
export class TagEnvironmentAccountConnectionPayload extends EnvironmentAccountConnectionPayload {}

@ObjectType(payloadType('`data` is the connection with its tags as they now are.'))
export class UntagEnvironmentAccountConnectionPayload extends EnvironmentAccountConnectionPayload {}

/**
 * Makes a payload of a call on the service: an expected failure becomes data, which gateways pass on as it is.
 * Anything else that is thrown goes on as a GraphQL error.
 */
export async function payloadOf(
  call: Promise<ConnectionView | undefined>,
  { reportFault, noteFailure }: Pick<SubgraphContext, 'reportFault' | 'noteFailure'>,
): Promise<EnvironmentAccountConnectionPayload> {
  try {
    const connection = await call;
    return { success: true, data: connection ? showConnection(connection) : null, error: null };
  } catch (failure) {
    if (!(failure instanceof ProtonFailure)) throw failure;
    noteFailure(failure.code);
    if (failure.retryable) reportFault(failure);
    const { code, message, violations, retryable } = failure;
    return { success: false, data: null, error: { code, message, violations, retryable } };
  }
}
