import { Field, ID, InterfaceType, ObjectType, registerEnumType } from 'type-graphql';

import type { ConnectionView } from '../../proton/connection';
import { FailureCode, ProtonFailure, type Violation } from '../../proton/failure';
import type { SubgraphContext } from '../context';
import { EnvironmentAccountConnection, toGraphQLConnection } from './environment-account-connection';

registerEnumType(FailureCode, {
  name: 'EnvironmentAccountConnectionErrorCode',
  description: 'The expected failures of a mutation.',
  valuesConfig: {
    VALIDATION_ERROR: { description: 'The input is invalid; `violations` lists every problem.' },
    NOT_FOUND: { description: 'The caller sees no connection under this id.' },
    CONFLICT: { description: 'The state of the connection, or another connection, does not allow it.' },
    ACCESS_DENIED: { description: 'The caller can see the connection but may not change it in this way.' },
    QUOTA_EXCEEDED: {
      description: 'The environment account has the maximum number of connections in the Region.',
    },
    THROTTLED: { description: 'Too many calls; try again later.' },
    UNAVAILABLE: { description: "The back end can't be reached or can't write; try again later." },
  },
});

@ObjectType({ simpleResolvers: true, description: 'One rule that the input breaks.' })
export class EnvironmentAccountConnectionInputViolation implements Violation {
  @Field(() => [String], {
    description:
      'Path in the input, as in ["tags", "0", "key"]; empty when the rule is about the whole input.',
  })
  readonly path!: readonly string[];

  @Field(() => String)
  readonly message!: string;
}

@ObjectType({ simpleResolvers: true, description: 'An expected failure, as data.' })
export class EnvironmentAccountConnectionError {
  @Field(() => FailureCode)
  readonly code!: FailureCode;

  @Field(() => String, { description: 'What is wrong and how to fix it, for people to read.' })
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
    'The result of every mutation: `success` is true exactly when `error` is null. `data` is then the connection after the change; it is null only when a deleted connection no longer existed.',
  // Never called: every field returns a concrete payload type.
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
    '`data` is the requested connection: a new one, or the one that an earlier call with the same client token created.',
  ),
)
export class CreateEnvironmentAccountConnectionPayload extends EnvironmentAccountConnectionPayload {}

@ObjectType(payloadType('`data` is the connection with its current roles.'))
export class UpdateEnvironmentAccountConnectionPayload extends EnvironmentAccountConnectionPayload {}

@ObjectType(payloadType('`data` is the connection, `CONNECTED`.'))
export class AcceptEnvironmentAccountConnectionPayload extends EnvironmentAccountConnectionPayload {}

@ObjectType(payloadType('`data` is the connection, `REJECTED`.'))
export class RejectEnvironmentAccountConnectionPayload extends EnvironmentAccountConnectionPayload {}

@ObjectType(payloadType('`data` is the connection before its deletion; null when it no longer existed.'))
export class DeleteEnvironmentAccountConnectionPayload extends EnvironmentAccountConnectionPayload {
  @Field(() => ID, {
    nullable: true,
    description: 'The id from the input; null on failure.',
  })
  readonly deletedId!: string | null;
}

@ObjectType(payloadType('`data` is the connection with its current tags.'))
export class TagEnvironmentAccountConnectionPayload extends EnvironmentAccountConnectionPayload {}

@ObjectType(payloadType('`data` is the connection with its current tags.'))
export class UntagEnvironmentAccountConnectionPayload extends EnvironmentAccountConnectionPayload {}

/**
 * Converts the result of a call to a payload. An expected failure becomes data, which gateways pass on unchanged. Any other error
 * becomes a GraphQL error.
 */
export async function toPayload(
  call: Promise<ConnectionView | undefined>,
  { reportFault, noteFailure }: Pick<SubgraphContext, 'reportFault' | 'noteFailure'>,
): Promise<EnvironmentAccountConnectionPayload> {
  try {
    const connection = await call;
    return { success: true, data: connection ? toGraphQLConnection(connection) : null, error: null };
  } catch (failure) {
    if (!(failure instanceof ProtonFailure)) throw failure;
    noteFailure(failure.code);
    if (failure.retryable) reportFault(failure);
    const { code, message, violations, retryable } = failure;
    return { success: false, data: null, error: { code, message, violations, retryable } };
  }
}
