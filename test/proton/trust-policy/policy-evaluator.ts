import { z } from 'zod';

/** The parts of IAM policies that the trust policies use. Anything else in a document fails to parse. */
const conditionsSchema = z.strictObject({
  StringEquals: z.record(z.string(), z.string()).optional(),
  ArnEquals: z.record(z.string(), z.string()).optional(),
  ArnLike: z.record(z.string(), z.string()).optional(),
});
const documentSchema = z.strictObject({
  Version: z.literal('2012-10-17'),
  Statement: z.array(
    z.strictObject({
      Sid: z.string().regex(/^[A-Za-z0-9]+$/),
      Effect: z.literal('Allow'),
      Principal: z.union([
        z.strictObject({ AWS: z.string().regex(/^arn:aws(-cn|-us-gov)?:iam::\d{12}:root$/) }),
        z.strictObject({ Service: z.string() }),
      ]),
      Action: z.literal('sts:AssumeRole'),
      Condition: conditionsSchema,
    }),
  ),
});

/** Who calls `sts:AssumeRole`, and with which condition keys. */
export interface AssumeRoleCall {
  /** The ARN of the calling role or user, or the name of a service. */
  readonly principal: string;
  readonly keys?: Readonly<Record<string, string>>;
}

/** Evaluates a trust policy as IAM does. The caller's own policies are taken to allow the call. */
export function allows(document: string, { principal, keys = {} }: AssumeRoleCall): boolean {
  const { Statement } = documentSchema.parse(JSON.parse(document));
  const context: Record<string, string> = { 'aws:PrincipalArn': principal, ...keys };
  return Statement.some(({ Principal, Condition }) => {
    const isPrincipal =
      'AWS' in Principal
        ? accountIn(principal) !== undefined && accountIn(principal) === accountIn(Principal.AWS)
        : Principal.Service === principal;
    return isPrincipal && meetsAll(Condition, context);
  });
}

type Conditions = z.infer<typeof conditionsSchema>;

/** All operators must hold, and all keys of each. A key that the call lacks does not hold. */
function meetsAll(
  { StringEquals = {}, ArnEquals = {}, ArnLike = {} }: Conditions,
  context: Readonly<Record<string, string>>,
): boolean {
  const holds = (
    wanted: Readonly<Record<string, string>>,
    test: (value: string, pattern: string) => boolean,
  ) =>
    Object.entries(wanted).every(([key, pattern]) => {
      const value = context[key];
      return value !== undefined && test(value, pattern);
    });
  return (
    holds(StringEquals, (value, text) => value === text) &&
    // IAM's ArnEquals and ArnLike are the same: both know wildcards, in each of the six parts of an ARN.
    holds(ArnEquals, isLikeArn) &&
    holds(ArnLike, isLikeArn)
  );
}

function isLikeArn(value: string, pattern: string): boolean {
  const parts = partsOfArn(value);
  return partsOfArn(pattern).every((part, index) => {
    const expression = part
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return new RegExp(`^${expression}$`, 's').test(parts[index] ?? '');
  });
}

function partsOfArn(arn: string): readonly string[] {
  const parts = arn.split(':');
  return [...parts.slice(0, 5), parts.slice(5).join(':')];
}

/** The account with its partition: principals of one partition do not exist in another. */
function accountIn(principal: string): string | undefined {
  const [, partition, account] = /^arn:([a-z-]+):iam::(\d{12}):/.exec(principal) ?? [];
  return partition && account && `${partition}:${account}`;
}
