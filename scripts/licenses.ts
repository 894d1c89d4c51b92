import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The licenses of the packages that a bundle holds, as one text.
 *
 * @param root the folder of node_modules
 * @param inputs the files in the bundle, relative to `root`
 * @throws when a package has neither a license file nor the name of a license in its package.json
 */
export function licenseTexts(root: string, inputs: readonly string[]): string {
  const folders = [...new Set(inputs.flatMap((input) => PACKAGE.exec(input)?.[0] ?? []))].sort();
  return folders.map((folder) => licenseText(join(root, folder))).join(`\n${'-'.repeat(80)}\n\n`);
}

/** The folder of the innermost package that a file is in. */
const PACKAGE = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/;

function licenseText(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, string | undefined>;
  const file = readdirSync(folder).find((one) => /^(licen[cs]e|copying)/i.test(one));
  if (file === undefined && typeof license !== 'string') throw new Error(`${name} has no license: it cannot be in the bundle`);
  const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim();
  return `${name} ${version}${typeof license === 'string' ? `, ${license}` : ''}\n${text === '' ? '' : `\n${text}\n`}`;
}
