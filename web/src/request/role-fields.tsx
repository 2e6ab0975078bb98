import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { ROLES } from '../connections/connection';
import { messageAt } from '../form/use-submission';
import { RoleTrustPolicy } from '../trust-policies/role-trust-policy';
import type { RequestFieldsProps } from './connect-fields';

const HINTS = {
  roleArn: 'arn:aws:iam::ACCOUNT:role/NAME, in the environment account. It provisions with CloudFormation.',
  componentRoleArn: 'It provisions directly defined components.',
  codebuildRoleArn: 'It provisions with CodeBuild.',
} as const;

/** The roles that provision in the environment account, each with the trust policy that it needs. */
export function RoleFields({ values, onChange, submission }: RequestFieldsProps) {
  return (
    <Container
      header={
        <Header variant="h2" description="At least one, if the environment is to be provisioned.">
          Roles
        </Header>
      }
    >
      <SpaceBetween size="l">
        {ROLES.map(({ key, label, use, policy }) => (
          <SpaceBetween key={key} size="xs">
            <FormField
              label={label}
              description="Optional"
              constraintText={HINTS[key]}
              errorText={messageAt(submission, [key])}
            >
              <Input
                value={values[key]}
                spellcheck={false}
                autoComplete={false}
                onChange={({ detail }) => {
                  onChange({ [key]: detail.value });
                }}
              />
            </FormField>
            <RoleTrustPolicy role={policy} use={use} values={values} />
          </SpaceBetween>
        ))}
      </SpaceBetween>
    </Container>
  );
}
