/** Chromium without a screen, told what to do through its DevTools protocol. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

import { describe } from 'vitest';

import { temporaryFolder } from './temporary-folder.js';

const folder = join(import.meta.dirname, '..', '..', '.setup', 'chromium');

interface Outcome {
  reason?: string;
  program: string;
  libraries: string[];
}

const outcome = existsSync(join(folder, 'outcome.json'))
  ? (JSON.parse(readFileSync(join(folder, 'outcome.json'), 'utf8')) as Outcome)
  : undefined;
const reason = outcome === undefined ? 'scripts/setup/chromium.mjs has not run' : outcome.reason;

/** A suite that is skipped, with the reason in its name, where there is no browser. */
export function describeBrowser(title: string, suite: () => void): void {
  if (reason === undefined) describe(title, suite);
  else describe.skip(`${title} (skipped: ${reason})`, suite);
}

interface Message {
  id?: number;
  sessionId?: string;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { message: string };
}

/** A page, and all that it has told of itself. */
export interface Page {
  /** Sends a command of the protocol. */
  send: (method: string, params?: object) => Promise<Record<string, unknown>>;
  /** The value of an expression. */
  evaluate: <T>(expression: string) => Promise<T>;
  /** Opens an address, until the page is there. */
  open: (address: string) => Promise<void>;
  events: { method: string; params: Record<string, unknown> }[];
}

/** Starts a browser with an empty page, and ends it after `use`. */
export async function withPage<T>(use: (page: Page) => Promise<T>): Promise<T> {
  const { program, libraries } = outcome!;
  const paths = libraries.map((path) => join(folder, path));
  const child = spawn(
    join(folder, program),
    ['--remote-debugging-pipe', '--no-sandbox', '--disable-gpu', `--user-data-dir=${temporaryFolder()}`],
    {
      env: { ...process.env, LD_LIBRARY_PATH: paths.join(delimiter) },
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    },
  );
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const [, , , input, output] = child.stdio as unknown as [null, null, null, Writable, Readable];
  try {
    return await use(await newPage(input, output));
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

async function newPage(input: Writable, output: Readable): Promise<Page> {
  const waiting = new Map<
    number,
    { resolve: (result: Record<string, unknown>) => void; reject: (error: Error) => void }
  >();
  const events: Page['events'] = [];
  const listeners: ((method: string) => void)[] = [];
  let text = '';
  let last = 0;
  output.on('data', (chunk: Buffer) => {
    const messages = (text + chunk.toString()).split('\0');
    text = messages.pop()!;
    for (const each of messages) receive(JSON.parse(each) as Message);
  });
  const receive = ({ id, method, params = {}, result = {}, error }: Message): void => {
    if (method !== undefined) {
      events.push({ method, params });
      for (const listener of listeners) listener(method);
    }
    const asked = waiting.get(id ?? 0);
    if (asked === undefined) return;
    if (error === undefined) asked.resolve(result);
    else asked.reject(new Error(error.message));
  };
  const ask = (method: string, params: object, sessionId?: string): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      input.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
    });
  const { targetId } = await ask('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await ask('Target.attachToTarget', { targetId, flatten: true });
  const send: Page['send'] = (method, params = {}) => ask(method, params, sessionId as string);
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await send(`${domain}.enable`);
  return {
    send,
    events,
    evaluate: async <T>(expression: string): Promise<T> => {
      const { result } = await send('Runtime.evaluate', { expression, returnByValue: true });
      return (result as { value: T }).value;
    },
    open: async (address) => {
      const loaded = new Promise<void>((resolve) => {
        listeners.push((method) => {
          if (method === 'Page.loadEventFired') resolve();
        });
      });
      await send('Page.navigate', { url: address });
      await loaded;
    },
  };
}
