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
  toPayload,
  RejectEnvironmentAccountConnectionPayload,
  TagEnvironmentAccountConnectionPayload,
  UntagEnvironmentAccountConnectionPayload,
  UpdateEnvironmentAccountConnectionPayload,
} from './payloads';

/** For a gateway's cost analysis a write, which reaches the disk, costs as much as ten objects that are read. */
const WriteCost = () => Directive('@cost(weight: 10)') as MethodDecorator;

@Resolver(() => EnvironmentAccountConnection)
export class ConnectionMutations {
  @Mutation(() => CreateEnvironmentAccountConnectionPayload, {
    nullable: true,
    description:
      'Requests a connection to a management account, on behalf of an environment account. Returns a PENDING connection.',
  })
  @WriteCost()
  createEnvironmentAccountConnection(
    @Arg('input', () => CreateEnvironmentAccountConnectionInput)
    input: CreateEnvironmentAccountConnectionInput,
    @Ctx() context: SubgraphContext,
  ): Promise<CreateEnvironmentAccountConnectionPayload> {
    return toPayload(context.session.createConnection(input), context);
  }

  @Mutation(() => UpdateEnvironmentAccountConnectionPayload, {
    nullable: true,
    description: 'Changes the roles of a connection.',
  })
  @WriteCost()
  updateEnvironmentAccountConnection(
    @Arg('input', () => UpdateEnvironmentAccountConnectionInput)
    input: UpdateEnvironmentAccountConnectionInput,
    @Ctx() context: SubgraphContext,
  ): Promise<UpdateEnvironmentAccountConnectionPayload> {
    return toPayload(context.session.updateConnection(input), context);
  }

  @Mutation(() => AcceptEnvironmentAccountConnectionPayload, {
    nullable: true,
    description: 'Accepts a pending connection, on behalf of its management account.',
  })
  @WriteCost()
  acceptEnvironmentAccountConnection(
    @Arg('input', () => AcceptEnvironmentAccountConnectionInput)
    input: AcceptEnvironmentAccountConnectionInput,
    @Ctx() context: SubgraphContext,
  ): Promise<AcceptEnvironmentAccountConnectionPayload> {
    return toPayload(context.session.acceptConnection(input), context);
  }

  @Mutation(() => RejectEnvironmentAccountConnectionPayload, {
    nullable: true,
    description: 'Rejects a connection, on behalf of its management account. This is final.',
  })
  @WriteCost()
  rejectEnvironmentAccountConnection(
    @Arg('input', () => RejectEnvironmentAccountConnectionInput)
    input: RejectEnvironmentAccountConnectionInput,
    @Ctx() context: SubgraphContext,
  ): Promise<RejectEnvironmentAccountConnectionPayload> {
    return toPayload(context.session.rejectConnection(input), context);
  }

  @Mutation(() => DeleteEnvironmentAccountConnectionPayload, {
    nullable: true,
    description:
      'Deletes a connection, on behalf of its environment account. Deleting a connection that no longer exists succeeds.',
  })
  @WriteCost()
  async deleteEnvironmentAccountConnection(
    @Arg('input', () => DeleteEnvironmentAccountConnectionInput)
    input: DeleteEnvironmentAccountConnectionInput,
    @Ctx() context: SubgraphContext,
  ): Promise<DeleteEnvironmentAccountConnectionPayload> {
    const { data, ...payload } = await toPayload(context.session.deleteConnection(input), context);
    return {
      ...payload,
      data: data && Object.assign(data, { isDeleted: true }),
      deletedId: payload.success ? input.id : null,
    };
  }

  @Mutation(() => TagEnvironmentAccountConnectionPayload, {
    nullable: true,
    description: 'Adds tags. An existing tag with the same key gets the new value.',
  })
  @WriteCost()
  tagEnvironmentAccountConnection(
    @Arg('input', () => TagEnvironmentAccountConnectionInput) input: TagEnvironmentAccountConnectionInput,
    @Ctx() context: SubgraphContext,
  ): Promise<TagEnvironmentAccountConnectionPayload> {
    return toPayload(context.session.tagConnection(input), context);
  }

  @Mutation(() => UntagEnvironmentAccountConnectionPayload, {
    nullable: true,
    description: 'Removes tags by key. Unknown keys are ignored.',
  })
  @WriteCost()
  untagEnvironmentAccountConnection(
    @Arg('input', () => UntagEnvironmentAccountConnectionInput) input: UntagEnvironmentAccountConnectionInput,
    @Ctx() context: SubgraphContext,
  ): Promise<UntagEnvironmentAccountConnectionPayload> {
    return toPayload(context.session.untagConnection(input), context);
  }
}
