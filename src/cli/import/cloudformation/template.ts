import { createResolver, isRole, type Resolver, roleArnOption } from './intrinsics';
import {
  notKnown,
  type ParsedDeclaration,
  propertiesOf,
  unresolved,
  wishFrom,
} from './connection-properties';
import { isObject, type TemplateDocument } from '../formats/documents';
import type { Deployment } from './parameters';
import { CONNECTION_TYPE, partsNotLookedInto, resourceProblem, templateProblems } from './unevaluated';

/** One resource of a template that is a connection, or that may be one. */
export interface DeclaredWish {
  readonly logicalId: string;
  readonly line: number | undefined;
  readonly wish: ParsedDeclaration;
}

/** What was found in a template. Problems and notes are phrases that follow the file's name. */
export interface TemplateWishes {
  /** In the order of the template. A connection whose condition is false is not declared. */
  readonly wishes: readonly DeclaredWish[];
  /** Why nothing of this template can be imported. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** Finds the connections that a template declares. */
export function wishesIn(template: TemplateDocument, deployment: Deployment): TemplateWishes {
  const { content, lineOf } = template;
  const resources = content['Resources'];
  const problems = templateProblems(content);
  const notes = partsNotLookedInto(template);
  if (!isObject(resources)) {
    return { wishes: [], problems: [...problems, 'is a CloudFormation template without Resources'], notes };
  }
  const resolver = createResolver({ ...deployment, content });
  let declared = 0;
  const wishes = Object.entries(resources).flatMap(([logicalId, resource]): readonly DeclaredWish[] => {
    const line = lineOf(logicalId);
    const problem = resourceProblem(logicalId, resource);
    if (problem !== undefined) {
      declared += 1;
      return [{ logicalId, line, wish: { reasons: [problem] } }];
    }
    if (!isConnection(logicalId, resource)) return [];
    declared += 1;
    const wish = wishOf(resource, resolver, deployment);
    return wish ? [{ logicalId, line, wish }] : [];
  });
  const none = `is a CloudFormation template that declares no ${CONNECTION_TYPE}`;
  return { wishes, problems: declared === 0 ? [...problems, none] : problems, notes };
}

/** The names under which the options can give values to a template. */
export function parameterNamesIn({ content }: TemplateDocument): readonly string[] {
  const { Parameters: parameters, Resources: resources } = content;
  const roles = Object.entries(isObject(resources) ? resources : {}).filter(([, resource]) =>
    isRole(resource),
  );
  return [
    ...Object.keys(isObject(parameters) ? parameters : {}),
    ...roles.map(([logicalId]) => roleArnOption(logicalId)),
  ];
}

function isConnection(logicalId: string, resource: unknown): resource is Readonly<Record<string, unknown>> {
  return !logicalId.startsWith('Fn::') && isObject(resource) && resource['Type'] === CONNECTION_TYPE;
}

function wishOf(
  resource: Readonly<Record<string, unknown>>,
  resolver: Resolver,
  deployment: Deployment,
): ParsedDeclaration | undefined {
  if (Object.hasOwn(resource, 'Condition')) {
    try {
      if (!resolver.condition(resource['Condition'])) return undefined;
    } catch (error) {
      return { reasons: [`Condition ${unresolved(error)}`] };
    }
  }
  const strange = Object.keys(resource).filter((attribute) => !ATTRIBUTES.includes(attribute));
  const reasons = strange.map((attribute) => notKnown(attribute, 'no attribute of a resource'));
  try {
    const properties = propertiesOf(resource['Properties'], resolver);
    const wish = wishFrom(properties, resolver, deployment);
    if (reasons.length === 0) return wish;
    return { reasons: [...reasons, ...('reasons' in wish ? wish.reasons : [])] };
  } catch (error) {
    return { reasons: [...reasons, `Properties ${unresolved(error)}`] };
  }
}

/** The attributes that CloudFormation allows in a resource. */
const ATTRIBUTES: readonly string[] = [
  'Type',
  'Properties',
  'Condition',
  'CreationPolicy',
  'DeletionPolicy',
  'DependsOn',
  'Metadata',
  'UpdatePolicy',
  'UpdateReplacePolicy',
];
