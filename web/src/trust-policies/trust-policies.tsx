import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useState } from 'react';
import { useNavigation } from '../addresses/use-navigation';
import { useViewer } from '../app/viewer';
import { roleOf } from '../connections/connection';
import { messageAt, messageOnTop } from '../form/use-submission';
import { PolicyDocument } from './policy-document';
import { TrustPolicyState } from './trust-policy-state';
import { useTrustPolicies } from './use-trust-policies';

const FIELDS = [
  {
    key: 'managementAccountId',
    label: 'Management account',
    constraint: '12 digits: the account that provisions.',
  },
  {
    key: 'environmentAccountId',
    label: 'Environment account',
    constraint: '12 digits: the account that has the roles.',
  },
  {
    key: 'environmentName',
    label: 'Environment name',
    constraint: 'The environment that the roles are for.',
  },
  {
    key: 'region',
    label: 'Region',
    constraint: 'As in eu-central-1. Left empty, it is the one that the server is set up with.',
  },
  {
    key: 'provisionerRole',
    label: 'Provisioner role',
    constraint:
      'Path and name of the role in the management account that provisions, as in pipelines/provisioner.',
  },
  {
    key: 'codebuildProject',
    label: 'CodeBuild project',
    constraint: 'The name of the project, for the CodeBuild role.',
  },
] as const;

/** The trust policies that the roles of a connection need, for accounts and an environment of one's choice. */
export function TrustPolicies() {
  const { query } = useNavigation();
  const { account } = useViewer();
  const [values, setValues] = useState(() => ({
    managementAccountId: query.get('managementAccountId') ?? '',
    environmentAccountId: account ?? '',
    environmentName: '',
    region: '',
    provisionerRole: '',
    codebuildProject: '',
  }));
  const { policies, hint, problem } = useTrustPolicies(values);
  const answer = { problem };
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        description="The policies that let a management account, and no one else, assume the roles of one environment."
      >
        Trust policies
      </Header>
      <Container header={<Header variant="h2">Connection</Header>}>
        <ColumnLayout columns={2}>
          {FIELDS.map(({ key, label, constraint }) => (
            <FormField
              key={key}
              label={label}
              constraintText={constraint}
              errorText={messageAt(answer, [key])}
            >
              <Input
                value={values[key]}
                spellcheck={false}
                autoComplete={false}
                onChange={({ detail }) => {
                  setValues((before) => ({ ...before, [key]: detail.value }));
                }}
              />
            </FormField>
          ))}
        </ColumnLayout>
      </Container>
      {policies === undefined ? (
        <TrustPolicyState hint={hint} error={messageOnTop(answer, (path) => path in values)} />
      ) : null}
      {(policies ?? []).map((policy) => {
        const { label, use } = roleOf(policy.role);
        return (
          <Container key={policy.role} header={<Header variant="h2">{label}</Header>}>
            <PolicyDocument use={use} policy={policy} />
          </Container>
        );
      })}
    </SpaceBetween>
  );
}
