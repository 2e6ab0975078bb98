import type { Tag } from '../connection';

/** Inputs as callers send them, before validation. `parse-inputs` validates them. */

type Optional<Value> = Value | null | undefined;

/** ARNs of roles; null or left out means that no role is given. */
export interface RolesInput {
  readonly roleArn?: Optional<string>;
  readonly componentRoleArn?: Optional<string>;
  readonly codebuildRoleArn?: Optional<string>;
}

export interface CreateConnectionInput extends RolesInput {
  /** Required. GraphQL makes sure that it is there, the AWS API does not. */
  readonly managementAccountId: string | undefined;
  /** Required, like `managementAccountId`. */
  readonly environmentName: string | undefined;
  readonly environmentAccountId?: Optional<string>;
  readonly region?: Optional<string>;
  readonly tags?: Optional<readonly Tag[]>;
  readonly clientToken?: Optional<string>;
}

export interface ConnectionIdInput {
  readonly id: string;
}

export interface UpdateConnectionInput extends ConnectionIdInput, RolesInput {}

export interface TagConnectionInput extends ConnectionIdInput {
  readonly tags: readonly Tag[];
}

export interface UntagConnectionInput extends ConnectionIdInput {
  readonly tagKeys: readonly string[];
}
