import { ProtonFailure } from '../../proton/failure';
import { environmentNameRule } from '../../proton/validation/values';
import { required, Violations } from '../../proton/validation/violations';
import { numberMember, optionalText, requiredText, textListMember } from '../read-members';
import { summaryOutput } from '../output';
import { checkMaxResults, nextTokenRule, requestedByRule, statusRule } from '../member-rules';
import type { Operation } from './operation';

/** The connections in which the caller's account has the role that `requestedBy` names, newest first. */
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
  if (page === undefined) throw new Error('a list was asked for and none was answered');
  if (page instanceof Error) throw inMembers(page);
  return {
    environmentAccountConnections: page.items.map(summaryOutput),
    ...(page.hasNextPage ? { nextToken: page.cursorAt(page.items.length - 1) } : {}),
  };
};

/** Size and place have been judged by the names that Proton has for them; only whose token it is has not. */
function inMembers(failure: Error): Error {
  const foreignToken =
    failure instanceof ProtonFailure && failure.violations.some(({ path }) => path[0] === 'after');
  return foreignToken ? foreignTokenFailure() : failure;
}

export function foreignTokenFailure(): ProtonFailure {
  return ProtonFailure.invalid([
    { path: ['nextToken'], message: 'must be a token that an earlier page of the same query answered' },
  ]);
}
