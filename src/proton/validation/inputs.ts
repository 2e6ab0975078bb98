import type { Tag } from '../connection';

/** What callers send, as they send it: weakly typed, and judged by the parsers beside this file. */

type Optional<Value> = Value | null | undefined;

/** Roles as a caller names them; left out, or null, is "none given". */
export interface RolesInput {
  readonly roleArn?: Optional<string>;
  readonly componentRoleArn?: Optional<string>;
  readonly codebuildRoleArn?: Optional<string>;
}

export interface CreateConnectionInput extends RolesInput {
  readonly managementAccountId: string;
  readonly environmentName: string;
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
