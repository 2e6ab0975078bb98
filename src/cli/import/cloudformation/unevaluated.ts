import { isObject } from '../../../proton/validation/values';
import type { TemplateDocument } from '../formats/documents';
import { UnresolvedError } from './expressions';

/**
 * Parts of a template that are not evaluated here. A part that decides whether a resource exists, or which values it has, is
 * refused by name. A part that only adds resources from another template is skipped with a note.
 */

export const CONNECTION_TYPE = 'AWS::Proton::EnvironmentAccountConnection';

type Members = Readonly<Record<string, unknown>>;

const HOW_TO_PROCESS =
  'import what `aws cloudformation get-template --template-stage Processed` prints instead';

/** Transforms of AWS that change neither connections nor anything that their values depend on. */
const HARMLESS_TRANSFORM =
  /^AWS::(?:LanguageExtensions|CodeDeployBlueGreen|ServiceCatalog|Serverless-[\d-]+|SecretsManager-[\d-]+)$/;
const INCLUDE = 'AWS::Include';

/** Why none of a template's resources can be imported, each as a phrase that follows the file's name. */
export function templateProblems(content: Members): readonly string[] {
  const transforms = [content['Transform'], content[TRANSFORM]].flatMap(transformNames);
  const rules = content['Rules'] ?? {};
  return [
    ...transforms
      .filter((name) => name !== INCLUDE && !HARMLESS_TRANSFORM.test(name))
      .map(
        (name) =>
          `has the Transform ${name}, which may change every resource and which only CloudFormation can run: ${HOW_TO_PROCESS}`,
      ),
    ...Object.keys(content)
      .filter((key) => key.startsWith('Fn::') && key !== TRANSFORM)
      .map((key) => `has ${key} beside its sections, which is known only to CloudFormation`),
    ...(isObject(rules) && Object.keys(rules).length === 0
      ? []
      : [
          `has Rules (${isObject(rules) ? Object.keys(rules).join(', ') : JSON.stringify(rules)}), which decide whether a stack can be created and are not evaluated here: remove them from the file if the stack satisfies them`,
        ]),
  ];
}

const TRANSFORM = 'Fn::Transform';

function transformNames(given: unknown): readonly string[] {
  if (given === undefined || given === null) return [];
  if (Array.isArray(given)) return given.flatMap(transformNames);
  const name = isObject(given) ? given['Name'] : given;
  return [typeof name === 'string' ? name : JSON.stringify(given)];
}

/** Why it is unknown whether this entry of `Resources` is a connection; undefined when its `Type` is a plain string. */
export function resourceProblem(logicalId: string, resource: unknown): string | undefined {
  if (logicalId === TRANSFORM && transformNames(resource).every((name) => name === INCLUDE)) return undefined;
  if (isLoop(logicalId) && !mayHoldConnection(resource)) return undefined;
  if (logicalId.startsWith('Fn::')) return `can't be expanded: ${logicalId} is known only to CloudFormation`;
  if (!isObject(resource)) return 'must be an object';
  const { Type: type } = resource;
  if (typeof type === 'string') return undefined;
  if (type !== undefined && type !== null)
    return `Type ${new UnresolvedError(type, PLAIN_STRING_NEEDED).message}`;
  const [name] = Object.keys(resource).filter((key) => key.startsWith('Fn::') || key === 'Ref');
  if (name === undefined) return 'has no Type';
  return new UnresolvedError({ [name]: resource[name] }, PLAIN_STRING_NEEDED).message;
}

const PLAIN_STRING_NEEDED = 'decides the type of this resource, which must be a plain string';

function isLoop(logicalId: string): boolean {
  return logicalId.startsWith('Fn::ForEach::');
}

/** The resources that an `Fn::ForEach` creates; undefined when they are unknown. */
function resourcesOfLoop(loop: unknown): Members | undefined {
  const output: unknown = Array.isArray(loop) ? loop[2] : undefined;
  return isObject(output) ? output : undefined;
}

function mayHoldConnection(loop: unknown): boolean {
  const resources = resourcesOfLoop(loop);
  if (!resources) return true;
  return Object.entries(resources).some(([logicalId, resource]) => {
    if (isLoop(logicalId)) return mayHoldConnection(resource);
    const type = isObject(resource) ? resource['Type'] : undefined;
    // The loop's variable may be a part of the Type.
    return typeof type !== 'string' || type === CONNECTION_TYPE || /[$&]\{/.test(type);
  });
}

/** Resources whose own template may declare connections. */
const NESTED_TYPES: readonly string[] = [
  'AWS::CloudFormation::Stack',
  'AWS::CloudFormation::StackSet',
  'AWS::Serverless::Application',
  'AWS::ServiceCatalog::CloudFormationProvisionedProduct',
];

/** A note for each other template that this one uses, which is not read. Each is a phrase that follows the file's name. */
export function unreadTemplateNotes({ content, lineOf }: TemplateDocument): readonly string[] {
  const included = [content['Transform'], content[TRANSFORM]].flatMap(transformNames).includes(INCLUDE);
  return [
    ...(included ? [noteFor(`an ${INCLUDE} beside its sections`)] : []),
    ...nestedNotes(content['Resources'], lineOf),
  ];
}

function nestedNotes(resources: unknown, lineOf: TemplateDocument['lineOf']): readonly string[] {
  if (!isObject(resources)) return [];
  return Object.entries(resources).flatMap(([logicalId, resource]) => {
    if (isLoop(logicalId)) return nestedNotes(resourcesOfLoop(resource), lineOf);
    if (logicalId === TRANSFORM) {
      return transformNames(resource).includes(INCLUDE) ? [noteFor(`an ${INCLUDE} among its Resources`)] : [];
    }
    const type = isObject(resource) ? resource['Type'] : undefined;
    if (typeof type !== 'string' || !(NESTED_TYPES.includes(type) || type.endsWith('::MODULE'))) return [];
    const line = lineOf(logicalId);
    return [noteFor(`${logicalId}${line === undefined ? '' : ` in line ${String(line)}`}, ${type}`)];
  });
}

function noteFor(part: string): string {
  return `has ${part}: that template was not read, and its connections are not imported. Import it as a separate file`;
}
