import type { CreateEnvironmentAccountConnectionInput } from '../../../generated/console/graphql';
import type { RoleKey } from '../connections/connection';
import type { TagField } from '../form/tag-fields';

/** What the form's fields hold, by the name of the input's member. */
export type RequestValues = Readonly<
  Record<'managementAccountId' | 'environmentName' | 'environmentAccountId' | 'region' | RoleKey, string>
>;

export const EMPTY: RequestValues = {
  managementAccountId: '',
  environmentName: '',
  environmentAccountId: '',
  region: '',
  roleArn: '',
  componentRoleArn: '',
  codebuildRoleArn: '',
};

/** The mutation's input. An optional field that is empty is left out. */
export function toInput(
  values: RequestValues,
  tags: readonly TagField[],
): CreateEnvironmentAccountConnectionInput {
  const { managementAccountId, environmentName, ...optional } = values;
  const given = Object.entries(optional).filter(([, value]) => value.trim() !== '');
  return {
    managementAccountId: managementAccountId.trim(),
    environmentName: environmentName.trim(),
    ...Object.fromEntries(given.map(([key, value]) => [key, value.trim()])),
    ...(tags.length > 0 && { tags: tags.map(({ key, value }) => ({ key, value })) }),
  };
}
