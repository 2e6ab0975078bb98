import Box from '@cloudscape-design/components/box';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useState } from 'react';
import { LoadFailure } from '../app/load-failure';
import { roleOf, type Connection } from '../connections/connection';
import { operation } from '../graphql/operation';
import { useLiveQuery } from '../live/use-live-query';
import { PolicyDocument } from '../trust-policies/policy-document';
import { useSettled } from '../trust-policies/use-trust-policies';

const QUERY = operation('ConnectionTrustPolicies');

/** The trust policies that the roles of a connection need. */
export function ConnectionTrustPolicies({ connection }: { readonly connection: Connection }) {
  const [typed, setTyped] = useState({ provisionerRole: '', codebuildProject: '' });
  const { provisionerRole, codebuildProject } = useSettled(typed);
  const { data, failure, loading, refetch } = useLiveQuery(QUERY, {
    id: connection.id,
    ...(provisionerRole !== '' && { provisionerRole }),
    ...(codebuildProject !== '' && { codebuildProject }),
  });
  const policies = data?.environmentAccountConnection?.trustPolicies;
  const field = (key: keyof typeof typed, label: string, hint: string) => (
    <FormField label={label} constraintText={hint}>
      <Input
        value={typed[key]}
        spellcheck={false}
        autoComplete={false}
        onChange={({ detail }) => {
          setTyped((before) => ({ ...before, [key]: detail.value }));
        }}
      />
    </FormField>
  );
  return (
    <SpaceBetween size="l">
      <SpaceBetween size="s">
        {field(
          'provisionerRole',
          'Provisioner role',
          `Path and name of the role in ${connection.managementAccountId} that provisions. Optional.`,
        )}
        {connection.codebuildRoleArn == null
          ? null
          : field('codebuildProject', 'CodeBuild project', 'The name of the project. Optional.')}
      </SpaceBetween>
      <LoadFailure failure={failure} hasData={data !== undefined} retry={refetch} />
      {loading ? <StatusIndicator type="loading">Reading the policies</StatusIndicator> : null}
      {policies?.length === 0 ? <Box color="text-body-secondary">The connection has no roles.</Box> : null}
      {(policies ?? []).map((policy) => {
        const { key, label, use } = roleOf(policy.role);
        return (
          <SpaceBetween key={policy.role} size="s">
            <Header variant="h3" description={connection[key]}>
              {label}
            </Header>
            <PolicyDocument use={use} policy={policy} />
          </SpaceBetween>
        );
      })}
    </SpaceBetween>
  );
}
