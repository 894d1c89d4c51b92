import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** What to do without one. */
export const NO_CHROMIUM = 'Chromium is not installed. Debian: apt-get install chromium';

/** The path of an installed Chromium: of `CHROMIUM`, else the first on the `PATH`; `undefined` without one. */
export function findChromium({ CHROMIUM, PATH }: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  if (CHROMIUM !== undefined && CHROMIUM !== '') return isProgram(CHROMIUM) ? CHROMIUM : undefined;
  const folders = (PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return PROGRAMS.flatMap((program) => folders.map((folder) => join(folder, program))).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** How it is started, by playwright-core. */
export function launchOptions(executablePath: string): { readonly executablePath: string; readonly args: string[] } {
  // Chromium refuses to run as root with its sandbox. The pages are ours.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return { executablePath, args: ['--disable-lcd-text', '--disable-gpu', ...asRoot] };
}
