import { Directive, Field, ID, ObjectType, registerEnumType } from 'type-graphql';

import { AccountRole } from '../../proton/connection';
import { isAccountId, type AccountId } from '../../proton/identifiers';

registerEnumType(AccountRole, {
  name: 'AwsAccountConnectionRole',
  description: 'The part that an account plays in a connection.',
  valuesConfig: {
    MANAGEMENT_ACCOUNT: { description: 'Accepts or rejects the connection, and provisions through it.' },
    ENVIRONMENT_ACCOUNT: { description: 'Asks for the connection, and is provisioned.' },
  },
});

@ObjectType({
  simpleResolvers: true,
  description:
    'An AWS account. This subgraph contributes the connections that the account takes part in; a representation whose id is not 12 digits resolves to null.',
})
@Directive('@key(fields: "id")')
export class AwsAccount {
  @Field(() => ID, { description: 'Twelve digits.' })
  readonly id!: AccountId;
}

/** Resolves a representation, which costs no read: which accounts exist is for other subgraphs to say. */
export function resolveAccountReference({ id }: { readonly id?: unknown }): AwsAccount | null {
  return typeof id === 'string' && isAccountId(id) ? { id } : null;
}
