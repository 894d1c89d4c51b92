import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

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

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** Longer than any start on a busy machine. Milliseconds. */
const START_MS = 60_000;

/** The path of an installed Chromium; `undefined` without one. */
export function findChromium(path: string | undefined = process.env.PATH): string | undefined {
  const folders = (path ?? '').split(delimiter).filter((folder) => folder !== '');
  return PROGRAMS.flatMap((program) => folders.map((folder) => join(folder, program))).find(isProgram);
}

/** Starts Chromium without a window and talks to it over the Chrome DevTools Protocol. */
export async function openCamera(program: string): Promise<Camera> {
  const profile = mkdtempSync(join(tmpdir(), 'wandb-relay-pictures-'));
  // Chromium refuses to run as root with its sandbox. The pages are ours, load nothing and run nothing.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const options = ['--headless', '--remote-debugging-port=0', `--user-data-dir=${profile}`, '--no-first-run', '--disable-lcd-text'];
  const child = spawn(program, [...options, '--disable-gpu', ...asRoot, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const session = await newSession(await connect(await addressOf(child.stderr)));
    return { picture: (page, width, density, look = {}) => picture(session, page, { width, density, look }), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function picture(
  send: Send,
  page: string,
  { width, density, look }: { readonly width: number; readonly density: number; readonly look: Look },
): Promise<Buffer> {
  const features = [{ name: 'prefers-color-scheme', value: look.scheme ?? 'light' }];
  await send('Emulation.setEmulatedMedia', { media: look.media ?? 'screen', features });
  await send('Emulation.setDeviceMetricsOverride', { width, height: 100, deviceScaleFactor: density, mobile: false });
  const { frameTree } = await send<{ frameTree: { frame: { id: string } } }>('Page.getFrameTree');
  await send('Page.setDocumentContent', { frameId: frameTree.frame.id, html: page });
  const size = '[Math.ceil(document.body.getBoundingClientRect().height), document.documentElement.scrollWidth]';
  const expression = `document.fonts.ready.then(() => ${size})`;
  const measured = await send<{ result: { value: [number, number] } }>('Runtime.evaluate', {
    expression,
    awaitPromise: true,
    returnByValue: true,
  });
  const [whole, needed] = measured.result.value;
  const height = Math.min(whole, look.height ?? whole);
  if (needed > width) throw new Error(`the page is ${needed} pixels wide, and only ${width} fit`);
  const clip = { x: 0, y: 0, width, height, scale: 1 };
  const { data } = await send<{ data: string }>('Page.captureScreenshot', { format: 'png', clip, captureBeyondViewport: true });
  return Buffer.from(data, 'base64');
}

type Send = <T = unknown>(method: string, parameters?: object) => Promise<T>;
type SendTo = <T = unknown>(method: string, parameters?: object, sessionId?: string) => Promise<T>;

/** The address that Chromium prints when it listens. */
function addressOf(output: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const timer = setTimeout(() => reject(new Error(`Chromium did not start:\n${printed}`)), START_MS);
    output.on('data', (data: Buffer) => {
      printed += data.toString();
      const [, address] = /DevTools listening on (ws:\S+)/.exec(printed) ?? [];
      if (address === undefined) return;
      clearTimeout(timer);
      resolve(address);
    });
    output.once('close', () => {
      clearTimeout(timer);
      reject(new Error(`Chromium ended:\n${printed}`));
    });
  });
}

async function connect(address: string): Promise<SendTo> {
  const socket = new WebSocket(address);
  const waiting = new Map<number, (message: { result?: unknown; error?: { message: string } }) => void>();
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as { id?: number; result?: unknown; error?: { message: string } };
    if (message.id !== undefined) waiting.get(message.id)?.(message);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', () => reject(new Error('Chromium does not take a connection')), { once: true });
  });
  let calls = 0;
  return <T>(method: string, parameters: object = {}, sessionId?: string) =>
    new Promise<T>((resolve, reject) => {
      calls += 1;
      waiting.set(calls, ({ result, error }) =>
        error === undefined ? resolve(result as T) : reject(new Error(`${method}: ${error.message}`)),
      );
      socket.send(JSON.stringify({ id: calls, method, params: parameters, ...(sessionId === undefined ? {} : { sessionId }) }));
    });
}

async function newSession(sendTo: SendTo): Promise<Send> {
  const { targetId } = await sendTo<{ targetId: string }>('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await sendTo<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true });
  return (method, parameters) => sendTo(method, parameters, sessionId);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
