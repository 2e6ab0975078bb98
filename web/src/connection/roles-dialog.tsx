import Input from '@cloudscape-design/components/input';
import FormField from '@cloudscape-design/components/form-field';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { perform } from '../actions/perform';
import { useNotifier } from '../app/notifications';
import { useServices } from '../app/services';
import { ROLES, type Connection, type RoleKey } from '../connections/connection';
import { messageAt, useSubmission } from '../form/use-submission';
import { FormDialog } from '../form/form-dialog';
import { operation } from '../graphql/operation';
import { useInput } from '../sign-in/kept-input';
import { ForeignText } from '../text/foreign-text';

const UPDATE = operation('UpdateConnection');

export interface RolesDialogProps {
  readonly connection: Connection;
  readonly onClose: () => void;
}

/** Changes the roles of a connection. An empty field leaves a role as it is: a connection can't lose one. */
export function RolesDialog({ connection, onClose }: RolesDialogProps) {
  const { client, refresh } = useServices();
  const { notify } = useNotifier();
  const [roles, setRoles] = useInput<Readonly<Record<RoleKey, string>>>(`roles of ${connection.id}`, {
    roleArn: connection.roleArn ?? '',
    componentRoleArn: connection.componentRoleArn ?? '',
    codebuildRoleArn: connection.codebuildRoleArn ?? '',
  });
  const submission = useSubmission(async () => {
    const named = Object.fromEntries(Object.entries(roles).filter(([, arn]) => arn.trim() !== ''));
    const result = await perform(client, UPDATE, { input: { id: connection.id, ...named } });
    refresh();
    if (result.ok) {
      notify({
        id: 'update done',
        type: 'success',
        header: (
          <span>
            The roles of <ForeignText>{connection.environmentName}</ForeignText> are updated
          </span>
        ),
      });
      onClose();
    }
    return result;
  });
  return (
    <FormDialog
      title="Update roles"
      submitText="Update roles"
      submission={submission}
      knownFields={ROLES.map(({ key }) => key)}
      onClose={onClose}
    >
      <SpaceBetween size="l">
        {ROLES.map(({ key, label }) => (
          <FormField
            key={key}
            label={label}
            description={`The ARN of an IAM role in ${connection.environmentAccountId}. An empty field leaves the role as it is.`}
            errorText={messageAt(submission, [key])}
          >
            <Input
              value={roles[key]}
              spellcheck={false}
              autoComplete={false}
              onChange={({ detail }) => {
                setRoles((before) => ({ ...before, [key]: detail.value }));
              }}
            />
          </FormField>
        ))}
      </SpaceBetween>
    </FormDialog>
  );
}
