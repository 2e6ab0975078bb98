import { isObject } from '../../../proton/validation/values';
import type { TemplateDocument } from '../formats/documents';
import {
  declarationFrom,
  propertiesOf,
  unknownMemberReason,
  type ParsedDeclaration,
} from './connection-properties';
import { unresolvedReason, type Resolver } from './expressions';
import type { Deployment } from './parameters';
import { isRole, roleArnOption } from './references';
import { createResolver } from './resolver';
import { CONNECTION_TYPE, resourceProblem, templateProblems, unreadTemplateNotes } from './unevaluated';

/** A resource of a template that is a connection, or may be one. */
export interface DeclaredResource {
  readonly logicalId: string;
  readonly line: number | undefined;
  readonly declaration: ParsedDeclaration;
}

/** What a template declares. Problems and notes are phrases that follow the file's name. */
export interface TemplateDeclarations {
  /** In the order of the template, without resources whose condition is false. */
  readonly declarations: readonly DeclaredResource[];
  /** Why nothing of this template can be imported. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** Finds the connections that a template declares. */
export function declarationsIn(template: TemplateDocument, deployment: Deployment): TemplateDeclarations {
  const { content, lineOf } = template;
  const resources = content['Resources'];
  const problems = templateProblems(content);
  const notes = unreadTemplateNotes(template);
  if (!isObject(resources)) {
    const noResources = 'is a CloudFormation template without Resources';
    return { declarations: [], problems: [...problems, noResources], notes };
  }
  const resolver = createResolver({ ...deployment, content });
  /** Counts resources whose condition is false, too. */
  let count = 0;
  const declarations = Object.entries(resources).flatMap(
    ([logicalId, resource]): readonly DeclaredResource[] => {
      const line = lineOf(logicalId);
      const problem = resourceProblem(logicalId, resource);
      if (problem !== undefined) {
        count += 1;
        return [{ logicalId, line, declaration: { reasons: [problem] } }];
      }
      if (!isConnection(logicalId, resource)) return [];
      count += 1;
      const declaration = declarationOf(resource, resolver, deployment);
      return declaration ? [{ logicalId, line, declaration }] : [];
    },
  );
  const noConnection = `is a CloudFormation template that declares no ${CONNECTION_TYPE}`;
  return { declarations, problems: count === 0 ? [...problems, noConnection] : problems, notes };
}

/** The names of all parameters and role ARNs that the options can give to a template. */
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

/** Undefined when the condition of the resource is false. */
function declarationOf(
  resource: Readonly<Record<string, unknown>>,
  resolver: Resolver,
  deployment: Deployment,
): ParsedDeclaration | undefined {
  if (Object.hasOwn(resource, 'Condition')) {
    try {
      if (!resolver.condition(resource['Condition'])) return undefined;
    } catch (error) {
      return { reasons: [`Condition ${unresolvedReason(error)}`] };
    }
  }
  const reasons = Object.keys(resource)
    .filter((attribute) => !ATTRIBUTES.includes(attribute))
    .map((attribute) => unknownMemberReason(attribute, 'an attribute of a resource'));
  try {
    const properties = propertiesOf(resource['Properties'], resolver);
    const declaration = declarationFrom(properties, resolver, deployment);
    if (reasons.length === 0) return declaration;
    return { reasons: [...reasons, ...('reasons' in declaration ? declaration.reasons : [])] };
  } catch (error) {
    return { reasons: [...reasons, `Properties ${unresolvedReason(error)}`] };
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
