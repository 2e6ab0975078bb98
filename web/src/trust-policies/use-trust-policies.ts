import { useEffect, useState } from 'react';
import type { TrustPolicyFieldsFragment } from '../../../generated/console/graphql';
import type { Failure } from '../graphql/failure';
import { operation } from '../graphql/operation';
import { useLiveQuery } from '../live/use-live-query';

const QUERY = operation('TrustPolicies');
/** Typing has ended when nothing was typed for this long, in ms. */
const TYPED_MS = 300;

/** As typed. An empty optional member is left out. */
export interface TrustPolicyInput {
  readonly managementAccountId: string;
  readonly environmentAccountId: string;
  readonly environmentName: string;
  readonly region?: string;
  readonly provisionerRole?: string;
  readonly codebuildProject?: string;
}

export interface ReadTrustPolicies {
  readonly policies: readonly TrustPolicyFieldsFragment[] | undefined;
  /** What is missing. */
  readonly hint?: string;
  /** What is wrong with the input, or why the server can't be read. */
  readonly problem?: Failure | undefined;
}

/** The trust policies that a connection's roles need. The server writes them. */
export function useTrustPolicies(typed: TrustPolicyInput): ReadTrustPolicies {
  const input = useSettled(typed);
  const { managementAccountId, environmentAccountId, environmentName, ...optional } = input;
  const required = { managementAccountId, environmentAccountId, environmentName };
  const isComplete = Object.values(required).every((value) => value.trim() !== '');
  const given = Object.entries(optional).filter(([, value]) => value.trim() !== '');
  const { data, failure } = useLiveQuery(
    QUERY,
    { input: { ...required, ...Object.fromEntries(given) } },
    { skip: !isComplete },
  );
  if (!isComplete) {
    return {
      policies: undefined,
      hint: 'Fill in the management account, the environment account and the environment name.',
    };
  }
  return {
    policies: data?.environmentAccountConnectionTrustPolicies ?? undefined,
    problem: failure,
  };
}

/** A value once it has stopped changing. */
export function useSettled<Value extends object>(value: Value): Value {
  const [settled, setSettled] = useState(value);
  const key = JSON.stringify(value);
  useEffect(() => {
    const timer = setTimeout(() => {
      setSettled(JSON.parse(key) as Value);
    }, TYPED_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [key]);
  return settled;
}
