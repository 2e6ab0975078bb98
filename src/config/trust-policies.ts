import { z } from 'zod';

import { isProvisionerRole, PROVISIONER_ROLE_MESSAGE } from '../proton/trust-policy/request';
import { quoted } from './env-types';

export const TRUST_POLICIES = {
  PROVISIONER_ROLE: z
    .string()
    .refine(isProvisionerRole, {
      error: ({ input }) => `${PROVISIONER_ROLE_MESSAGE}, not ${quoted(input)}`,
    })
    .optional()
    .describe(
      'Path and name of the role in management accounts that provisions, as in `ci/proton-provisioner`. Trust policies admit this role alone. Without it they admit every role and user of the management account.',
    ),
};
