import ExpandableSection from '@cloudscape-design/components/expandable-section';
import { useState } from 'react';
import type { EnvironmentAccountConnectionRole } from '../../../generated/console/graphql';
import type { RequestValues } from '../request/request-values';
import { PolicyDocument } from './policy-document';
import { TrustPolicyState } from './trust-policy-state';
import { useTrustPolicies } from './use-trust-policies';

export interface RoleTrustPolicyProps {
  readonly role: EnvironmentAccountConnectionRole;
  /** What the role provisions with. */
  readonly use: string;
  readonly values: RequestValues;
}

/** The trust policy that a role needs, before the connection is requested. */
export function RoleTrustPolicy({ role, use, values }: RoleTrustPolicyProps) {
  const [open, setOpen] = useState(false);
  return (
    <ExpandableSection
      variant="footer"
      headerText={`Trust policy for ${use}`}
      expanded={open}
      onChange={({ detail }) => {
        setOpen(detail.expanded);
      }}
    >
      {open ? <Policy role={role} use={use} values={values} /> : null}
    </ExpandableSection>
  );
}

function Policy({ role, use, values }: RoleTrustPolicyProps) {
  const { managementAccountId, environmentAccountId, environmentName, region } = values;
  const { policies, hint, problem } = useTrustPolicies({
    managementAccountId,
    environmentAccountId,
    environmentName,
    region,
  });
  const policy = policies?.find((each) => each.role === role);
  if (policy) return <PolicyDocument use={use} policy={policy} />;
  return <TrustPolicyState hint={hint} error={problem?.message} />;
}
