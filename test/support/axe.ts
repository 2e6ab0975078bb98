import { readFileSync } from 'node:fs';

import type { Page } from 'playwright-core';

/** The script is evaluated by the browser itself, which the page's Content Security Policy does not stop. */
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const run = (
  options: object,
) => `axe.run(document, ${JSON.stringify({ resultTypes: ['violations'], ...options })}).then(({ violations }) =>
  violations.flatMap(({ id, impact, nodes }) => nodes.map(({ target }) => [id, impact, target.join(' ')].join(': '))),
)`;

/**
 * What axe-core finds wrong with the accessibility of the page as it is now: rule, impact and selector of each element.
 * @param rules all by default
 */
export async function axeViolations(page: Page, rules?: readonly string[]): Promise<readonly string[]> {
  if (await page.evaluate<boolean>(`typeof axe === 'undefined'`)) await page.evaluate(AXE);
  return page.evaluate<readonly string[]>(run(rules ? { runOnly: rules } : {}));
}
