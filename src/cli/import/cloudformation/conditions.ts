import { isObject } from '../../../proton/validation/values';
import { listOf, memberOf, resolvedOnce, text, UnresolvedError, type Resolver } from './expressions';

/** Evaluates the conditions in the section `Conditions`. */
export function createConditions(
  content: Readonly<Record<string, unknown>>,
  value: Resolver['value'],
  withinDepth: (expression: unknown, evaluate: () => boolean) => boolean,
): Resolver['condition'] {
  const evaluatedOnce = resolvedOnce<boolean>();

  function condition(name: unknown): boolean {
    if (typeof name !== 'string') throw new UnresolvedError(name, 'must be the name of a condition');
    const expression = { Condition: name };
    const definition = memberOf(content['Conditions'], name, expression);
    if (definition === undefined) {
      throw new UnresolvedError(expression, 'is not a condition of the template');
    }
    return evaluatedOnce(name, expression, () => evaluate(definition));
  }

  const evaluate = (given: unknown): boolean => withinDepth(given, () => evaluateNow(given));

  function evaluateNow(given: unknown): boolean {
    if (given === true || given === 'true') return true;
    if (given === false || given === 'false') return false;
    const [[name, argument] = ['', undefined], ...others] = isObject(given) ? Object.entries(given) : [];
    switch (others.length === 0 ? name : '') {
      case 'Condition':
        return condition(argument);
      case 'Fn::Equals': {
        const [left, right] = listOf(argument, given, 2).map((side) => text(value(side), given));
        return left === right;
      }
      case 'Fn::Not':
        return !evaluate(listOf(argument, given, 1)[0]);
      case 'Fn::And':
        return atLeastTwo(argument, given).every(evaluate);
      case 'Fn::Or':
        return atLeastTwo(argument, given).some(evaluate);
      default:
        throw new UnresolvedError(given, 'is not a condition that can be evaluated here');
    }
  }

  return condition;
}

function atLeastTwo(given: unknown, expression: unknown): readonly unknown[] {
  const conditions = listOf(given, expression);
  if (conditions.length < 2) throw new UnresolvedError(expression, 'needs at least two conditions');
  return conditions;
}
