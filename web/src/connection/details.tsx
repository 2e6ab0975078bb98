import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { ROLES, type Connection } from '../connections/connection';
import { ConnectionStatus } from '../connections/connection-status';
import { ForeignText } from '../text/foreign-text';
import { inFull } from '../text/time';

/** What a connection is. */
export function Details({ connection }: { readonly connection: Connection }) {
  const { status, region, managementAccountId, environmentAccountId, arn, createdAt, lastModifiedAt } =
    connection;
  return (
    <SpaceBetween size="l">
      <KeyValuePairs
        columns={2}
        items={[
          { label: 'Status', value: <ConnectionStatus status={status} /> },
          { label: 'Region', value: region },
          {
            label: 'Management account',
            value: <Copyable label="management account" text={managementAccountId} />,
          },
          {
            label: 'Environment account',
            value: <Copyable label="environment account" text={environmentAccountId} />,
          },
          { label: 'Requested', value: <time dateTime={createdAt}>{inFull(createdAt)}</time> },
          { label: 'Last changed', value: <time dateTime={lastModifiedAt}>{inFull(lastModifiedAt)}</time> },
        ]}
      />
      <KeyValuePairs
        columns={1}
        items={[
          { label: 'ARN', value: <Copyable label="ARN" text={arn} /> },
          ...ROLES.map(({ key, label, use }) => ({
            label,
            value:
              connection[key] == null ? '–' : <Copyable label={`role for ${use}`} text={connection[key]} />,
          })),
          { label: 'Tags', value: <Tags tags={connection.tags} /> },
        ]}
      />
    </SpaceBetween>
  );
}

function Copyable({ label, text }: { readonly label: string; readonly text: string }) {
  return (
    <CopyToClipboard
      variant="inline"
      textToCopy={text}
      copyButtonAriaLabel={`Copy ${label}`}
      copySuccessText="Copied"
      copyErrorText="The browser did not allow it"
    />
  );
}

function Tags({ tags }: Pick<Connection, 'tags'>) {
  if (tags == null) return 'The back end keeps none.';
  if (tags.length === 0) return '–';
  return (
    <ul className="plain-list">
      {tags.map(({ key, value }) => (
        <li key={key}>
          <ForeignText>{key}</ForeignText> = <ForeignText>{value}</ForeignText>
        </li>
      ))}
    </ul>
  );
}
