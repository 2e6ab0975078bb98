import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { messageAt, type Submission } from '../form/use-submission';
import type { RequestValues } from './request-values';

export interface RequestFieldsProps {
  readonly values: RequestValues;
  readonly onChange: (changed: Partial<RequestValues>) => void;
  readonly submission: Submission;
}

const FIELDS = [
  {
    key: 'managementAccountId',
    label: 'Management account',
    hint: '12 digits: the account that will provision.',
  },
  { key: 'environmentName', label: 'Environment name', hint: '1 to 100 letters, digits, _ and -.' },
  {
    key: 'environmentAccountId',
    label: 'Environment account',
    hint: '12 digits: the account that asks. Left empty, it is the account of the roles, or your own.',
  },
  {
    key: 'region',
    label: 'Region',
    hint: 'As in eu-central-1. Left empty, it is the one that the server is set up with.',
  },
] as const;

/** Which accounts and which environment a request connects. */
export function ConnectFields({ values, onChange, submission }: RequestFieldsProps) {
  return (
    <Container header={<Header variant="h2">Connection</Header>}>
      <SpaceBetween size="l">
        {FIELDS.map(({ key, label, hint }) => (
          <FormField key={key} label={label} constraintText={hint} errorText={messageAt(submission, [key])}>
            <Input
              value={values[key]}
              spellcheck={false}
              autoComplete={false}
              onChange={({ detail }) => {
                onChange({ [key]: detail.value });
              }}
            />
          </FormField>
        ))}
      </SpaceBetween>
    </Container>
  );
}
