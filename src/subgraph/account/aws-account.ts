// For the decorators: this is the first module with some that others import.
import 'reflect-metadata';
import { Directive, Field, ID, ObjectType, registerEnumType } from 'type-graphql';

import { AccountRole } from '../../proton/connection';
import { isAccountId, type AccountId } from '../../proton/identifiers';

registerEnumType(AccountRole, {
  name: 'AwsAccountConnectionRole',
  description: 'The role of an account in a connection.',
  valuesConfig: {
    MANAGEMENT_ACCOUNT: { description: 'Accepts or rejects the connection, and provisions through it.' },
    ENVIRONMENT_ACCOUNT: { description: 'Requests the connection; its environment is provisioned.' },
  },
});

@ObjectType({
  simpleResolvers: true,
  description:
    'An AWS account. This subgraph adds the connections of the account. A representation whose id is not 12 digits resolves to null.',
})
@Directive('@key(fields: "id")')
export class AwsAccount {
  @Field(() => ID, { description: 'Twelve digits.' })
  readonly id!: AccountId;
}

/** Resolves a representation without a read: this subgraph does not know which accounts exist. */
export function resolveAccountReference({ id }: { readonly id?: unknown }): AwsAccount | null {
  return typeof id === 'string' && isAccountId(id) ? { id } : null;
}
