import { ProtonFailure } from '../../proton/failure';
import { environmentNameRule, statusRule } from '../../proton/validation/values';
import { required, Violations } from '../../proton/validation/violations';
import {
  checkMaxResults,
  nextTokenRule,
  numberMember,
  optionalText,
  requestedByRule,
  requiredText,
  textListMember,
} from '../read-members';
import { type Operation, summaryOutput } from './operation';

/** Lists the connections in which the caller's account plays the role in `requestedBy`, newest first. */
export const listEnvironmentAccountConnections: Operation = async (input, { caller, session }) => {
  const violations = new Violations();
  const role = requiredText(violations, input, 'requestedBy', requestedByRule);
  const environmentName = optionalText(violations, input, 'environmentName', environmentNameRule);
  const nextToken = optionalText(violations, input, 'nextToken', nextTokenRule);
  const maxResults = numberMember(input, 'maxResults');
  checkMaxResults(violations, maxResults);
  const statuses = (textListMember(input, 'statuses') ?? []).flatMap(
    (status, index) => required(violations, ['statuses', String(index)], status, statusRule) ?? [],
  );
  if (violations.any || role === undefined) throw violations.asFailure();

  const [page] = await session.listConnections([
    {
      participation: { accountId: caller.accountId, role },
      filter: { environmentName, statuses },
      first: maxResults,
      after: nextToken,
    },
  ]);
  if (page === undefined) throw new Error('listConnections returned no page for a request');
  if (page instanceof Error) throw withMemberNames(page);
  return {
    environmentAccountConnections: page.items.map(summaryOutput),
    ...(page.hasNextPage ? { nextToken: page.cursorAt(page.items.length - 1) } : {}),
  };
};

/** Names the member `nextToken` in the one violation that the service can find here: a token that belongs to another list. */
function withMemberNames(failure: Error): Error {
  const foreignToken =
    failure instanceof ProtonFailure && failure.violations.some(({ path }) => path[0] === 'after');
  return foreignToken ? invalidTokenFailure() : failure;
}

export function invalidTokenFailure(): ProtonFailure {
  return ProtonFailure.invalid([
    { path: ['nextToken'], message: 'must be a token that an earlier page of the same query answered' },
  ]);
}
