import { Arg, Ctx, Directive, Mutation, Resolver } from 'type-graphql';

import type { SubgraphContext } from '../context';
import { EnvironmentAccountConnection } from './environment-account-connection';
import {
  AcceptEnvironmentAccountConnectionInput,
  CreateEnvironmentAccountConnectionInput,
  DeleteEnvironmentAccountConnectionInput,
  RejectEnvironmentAccountConnectionInput,
  TagEnvironmentAccountConnectionInput,
  UntagEnvironmentAccountConnectionInput,
  UpdateEnvironmentAccountConnectionInput,
} from './inputs';
import {
  AcceptEnvironmentAccountConnectionPayload,
  CreateEnvironmentAccountConnectionPayload,
  DeleteEnvironmentAccountConnectionPayload,
  payloadOf,
  RejectEnvironmentAccountConnectionPayload,
  TagEnvironmentAccountConnectionPayload,
  UntagEnvironmentAccountConnectionPayload,
  UpdateEnvironmentAccountConnectionPayload,
} from './payloads';

/** A write ends on the disk: for a gateway's cost analysis it weighs as much as ten objects that are read. */
const CostOfAWrite = () => Directive('@cost(weight: 10)') as MethodDecorator;

@Resolver(() => EnvironmentAccountConnection)
export class ConnectionMutations {
  @Mutation(() => CreateEnvironmentAccountConnectionPayload, {
    nullable: true,
    description:
      'Asks a management account for a connection, in the name of an environment account. Answers with a PENDING connection.',
  })
  @CostOfAWrite()
  createEnvironmentAccountConnection(
    @Arg('input', () => CreateEnvironmentAccountConnectionInput)
    input: CreateEnvironmentAccountConnectionInput,
    @Ctx() context: SubgraphContext,
  ): Promise<CreateEnvironmentAccountConnectionPayload> {
    return payloadOf(context.session.createConnection(input), context);
  }

  @Mutation(() => UpdateEnvironmentAccountConnectionPayload, {
    nullable: true,
    description: 'Changes the roles of a connection.',
  })
  @CostOfAWrite()
  updateEnvironmentAccountConnection(
    @Arg('input', () => UpdateEnvironmentAccountConnectionInput)
    input: UpdateEnvironmentAccountConnectionInput,
    @Ctx() context: SubgraphContext,
  ): Promise<UpdateEnvironmentAccountConnectionPayload> {
    return payloadOf(context.session.updateConnection(input), context);
  }

  @Mutation(() => AcceptEnvironmentAccountConnectionPayload, {
    nullable: true,
    description: 'Accepts a pending connection, in the name of its management account.',
  })
  @CostOfAWrite()
  acceptEnvironmentAccountConnection(
    @Arg('input', () => AcceptEnvironmentAccountConnectionInput)
    input: AcceptEnvironmentAccountConnectionInput,
    @Ctx() context: SubgraphContext,
  ): Promise<AcceptEnvironmentAccountConnectionPayload> {
    return payloadOf(context.session.acceptConnection(input), context);
  }

  @Mutation(() => RejectEnvironmentAccountConnectionPayload, {
    nullable: true,
    description: 'Rejects a connection for good, in the name of its management account.',
  })
  @CostOfAWrite()
  rejectEnvironmentAccountConnection(
    @Arg('input', () => RejectEnvironmentAccountConnectionInput)
    input: RejectEnvironmentAccountConnectionInput,
    @Ctx() context: SubgraphContext,
  ): Promise<RejectEnvironmentAccountConnectionPayload> {
    return payloadOf(context.session.rejectConnection(input), context);
  }

  @Mutation(() => DeleteEnvironmentAccountConnectionPayload, {
    nullable: true,
    description:
      'Deletes a connection, in the name of its environment account. Deleting what is already gone succeeds.',
  })
  @CostOfAWrite()
  async deleteEnvironmentAccountConnection(
    @Arg('input', () => DeleteEnvironmentAccountConnectionInput)
    input: DeleteEnvironmentAccountConnectionInput,
    @Ctx() context: SubgraphContext,
  ): Promise<DeleteEnvironmentAccountConnectionPayload> {
    const payload = await payloadOf(context.session.deleteConnection(input), context);
    return { ...payload, deletedId: payload.success ? input.id : null };
  }

  @Mutation(() => TagEnvironmentAccountConnectionPayload, {
    nullable: true,
    description: 'Adds tags; a tag whose key exists takes the new value.',
  })
  @CostOfAWrite()
  tagEnvironmentAccountConnection(
    @Arg('input', () => TagEnvironmentAccountConnectionInput) input: TagEnvironmentAccountConnectionInput,
    @Ctx() context: SubgraphContext,
  ): Promise<TagEnvironmentAccountConnectionPayload> {
    return payloadOf(context.session.tagConnection(input), context);
  }

  @Mutation(() => UntagEnvironmentAccountConnectionPayload, {
    nullable: true,
    description: 'Removes tags by key; a key that is not there is passed over.',
  })
  @CostOfAWrite()
  untagEnvironmentAccountConnection(
    @Arg('input', () => UntagEnvironmentAccountConnectionInput) input: UntagEnvironmentAccountConnectionInput,
    @Ctx() context: SubgraphContext,
  ): Promise<UntagEnvironmentAccountConnectionPayload> {
    return payloadOf(context.session.untagConnection(input), context);
  }
}
