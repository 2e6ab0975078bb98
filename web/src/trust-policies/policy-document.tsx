import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { TrustPolicyFieldsFragment } from '../../../generated/console/graphql';

export interface PolicyDocumentProps {
  /** What the role provisions with. */
  readonly use: string;
  readonly policy: TrustPolicyFieldsFragment;
}

/** A trust policy as the server wrote it, and the policy that the provisioner's role needs in return. */
export function PolicyDocument({ use, policy }: PolicyDocumentProps) {
  const { document, externalId, provisionerPolicy } = policy;
  return (
    <SpaceBetween size="s">
      <Code label={`Trust policy for ${use}`} copyText="Copy trust policy" text={document} />
      {externalId == null ? null : (
        <Box color="text-body-secondary">
          The provisioner assumes the role with <Box variant="code">--external-id {externalId}</Box>, so that
          a role meant for one environment can’t be used for another.
        </Box>
      )}
      {externalId == null || document.includes('aws:PrincipalArn') ? null : (
        <Alert type="warning">
          No provisioner role is named: every role of the management account that may assume roles can assume
          this one.
        </Alert>
      )}
      {provisionerPolicy == null ? null : (
        <ExpandableSection headerText={`Policy of the provisioner’s role for ${use}`}>
          <Code
            label={`Policy of the provisioner’s role for ${use}`}
            copyText="Copy provisioner policy"
            text={provisionerPolicy}
          />
        </ExpandableSection>
      )}
    </SpaceBetween>
  );
}

interface CodeProps {
  readonly label: string;
  readonly copyText: string;
  readonly text: string;
}

function Code({ label, copyText, text }: CodeProps) {
  return (
    <SpaceBetween size="xs">
      <CopyToClipboard
        copyButtonText={copyText}
        copyButtonAriaLabel={`${copyText}: ${label}`}
        textToCopy={text}
        copySuccessText="Copied"
        copyErrorText="The browser did not allow it"
      />
      <div className="code" role="region" aria-label={label} tabIndex={0}>
        <pre>{text}</pre>
      </div>
    </SpaceBetween>
  );
}
