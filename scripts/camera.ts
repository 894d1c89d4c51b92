import { chromium } from 'playwright-core';
import { launchOptions } from './find-chromium.ts';

/** What the page is made for, where that is not a screen in light. */
export interface Look {
  readonly media?: 'screen' | 'print';
  readonly scheme?: 'light' | 'dark';
  /** At most so much of the page, from its top. CSS pixels. */
  readonly height?: number;
}

/** Takes pictures of pages. */
export interface Camera {
  /** A PNG of the whole page, laid out at this width; `density` pixels for each of CSS's. Throws when something sticks out. */
  picture(page: string, width: number, density: number, look?: Look): Promise<Buffer>;
  close(): Promise<void>;
}

/** Starts Chromium without a window. */
export async function openCamera(program: string): Promise<Camera> {
  const browser = await chromium.launch(launchOptions(program));
  return {
    picture: async (page, width, density, { media = 'screen', scheme = 'light', height: most = Number.POSITIVE_INFINITY } = {}) => {
      const tab = await browser.newPage({ viewport: { width, height: 100 }, deviceScaleFactor: density, colorScheme: scheme });
      try {
        await tab.emulateMedia({ media });
        await tab.setContent(page);
        const size = '[Math.ceil(document.body.getBoundingClientRect().height), document.documentElement.scrollWidth]';
        const [whole, needed] = await tab.evaluate<[number, number]>(`document.fonts.ready.then(() => ${size})`);
        if (needed > width) throw new Error(`the page is ${needed} pixels wide, and only ${width} fit`);
        return await tab.screenshot({ fullPage: true, clip: { x: 0, y: 0, width, height: Math.min(whole, most) } });
      } finally {
        await tab.close();
      }
    },
    close: () => browser.close(),
  };
}
