import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { Tensor } from 'accelnode';
import type { Outputs } from 'accelnode';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { createService } from '../../examples/ocr-service/service.mjs';
import { Recognizer } from '../../examples/ocr/recognizer.mjs';
import { ocrModelsFolder } from '../../scripts/setup/ocr-models.mjs';
import { describeOpenvino } from '../utils/openvino.js';
import { examples } from './run-example.js';

const model = join(ocrModelsFolder, 'rec.onnx');
const missing = existsSync(model) ? '' : ' (skipped: the PP-OCR models were not fetched)';

const samples = join(examples, 'ocr', 'samples');
const word = readFileSync(join(samples, 'word.png'));
const truth = JSON.parse(readFileSync(join(samples, 'truth.json'), 'utf8')) as Record<string, string>;
const headers = { 'content-type': 'image/png' };

const MAX_QUEUE = 2;

describeOpenvino('OCR service', () => {
  describe.skipIf(missing !== '')(`with PP-OCR${missing}`, () => {
    let recognizer: Recognizer;
    let app: ReturnType<typeof createService>;

    beforeEach(async () => {
      recognizer = await Recognizer.load(model, { device: 'openvino:CPU', lanes: 1, maxQueue: MAX_QUEUE });
      app = createService(recognizer, { timeout: 60_000 });
    });

    afterEach(() => app.close());

    const post = (payload: Buffer, contentType = 'image/png') =>
      app.inject({ method: 'POST', url: '/lines', payload, headers: { 'content-type': contentType } });

    /** Runs that keep the session busy for long: lines a hundred times as long as usual, until the signal. */
    function occupy(count: number, signal: AbortSignal): Promise<PromiseSettledResult<Outputs>[]> {
      const input = Tensor.zeros('float32', [1, 3, 48, 32_000]);
      const runs = Array.from({ length: count }, () =>
        recognizer.session.run({ [recognizer.inputName]: input }, { signal }),
      );
      return Promise.allSettled(runs);
    }

    it('reads what is posted', async () => {
      const reply = await post(word);
      expect(reply.statusCode).toBe(200);
      expect(reply.json()).toEqual({ text: truth['word.png'], confidence: expect.closeTo(0.99, 1) as number });
    });

    it('refuses what is no image, or no line, or too large, before anything is computed', async () => {
      expect((await post(Buffer.from('no image'))).statusCode).toBe(422);
      expect((await post(word, 'application/octet-stream')).statusCode).toBe(415);
      const empty = await app.inject({ method: 'POST', url: '/lines', payload: {} });
      expect(empty.statusCode).toBe(415);
      const blank = (width: number, height: number) =>
        sharp({ create: { width, height, channels: 3, background: 'white' } })
          .png()
          .toBuffer();
      expect((await post(await blank(2000, 10))).json()).toEqual({
        message: 'The image is too wide for a line of text.',
      });
      expect((await post(await blank(6000, 6000))).json()).toMatchObject({
        message: expect.stringContaining('pixels') as string,
      });
      expect((await post(Buffer.alloc(6 * 1024 * 1024))).statusCode).toBe(413);
      expect(recognizer.session.stats().runs).toBe(0);
    });

    it('answers 503 at once when its queue is full, and goes on when it is not', async () => {
      const controller = new AbortController();
      const busy = occupy(MAX_QUEUE, controller.signal);
      const refused = await post(word);
      expect(recognizer.session.pending).toBe(MAX_QUEUE);
      expect(refused.statusCode).toBe(503);
      expect(refused.headers['retry-after']).toBe('1');
      expect(refused.json()).toMatchObject({ code: 'QUEUE_FULL' });

      controller.abort();
      await busy;
      expect((await post(word)).statusCode).toBe(200);
    });

    it('gives the run up when the client hangs up', async () => {
      const address = await app.listen({ port: 0, host: '127.0.0.1' });
      const controller = new AbortController();
      const busy = occupy(1, controller.signal);
      const read = vi.spyOn(recognizer, 'read');
      const client = request(`${address}/lines`, { method: 'POST', headers });
      client.on('error', () => undefined);
      client.end(word);
      // Behind the long run.
      await vi.waitFor(() => expect(recognizer.session.pending).toBe(2), { timeout: 30_000, interval: 5 });
      client.destroy();
      await expect(read.mock.results[0]!.value).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(recognizer.session.pending).toBe(1);
      controller.abort();
      await busy;
    });

    it('answers what it has accepted, and then closes the session', async () => {
      const address = await app.listen({ port: 0, host: '127.0.0.1' });
      const accepted = new Promise((resolve) => app.server.once('request', resolve));
      const reply = fetch(`${address}/lines`, { method: 'POST', headers, body: word });
      await accepted;
      await app.close();
      expect(await (await reply).json()).toMatchObject({ text: truth['word.png'] });
      expect(recognizer.session.closed).toBe(true);
      await expect(fetch(address)).rejects.toThrow('fetch failed');
    });

    it.skipIf(process.platform === 'win32')('is a program that ends well when it is told to', async () => {
      const server = spawn(process.execPath, [join(examples, 'ocr-service', 'server.mjs'), model], {
        env: { ...process.env, PORT: '0' },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(server, 'exit');
      let address: string | undefined;
      for await (const line of createInterface(server.stdout)) {
        address = /Server listening at (http:\S+?)"/.exec(line)?.[1];
        if (address !== undefined) break;
      }
      const reply = await fetch(`${address!}/lines`, { method: 'POST', headers, body: word });
      expect(await reply.json()).toMatchObject({ text: truth['word.png'] });
      const health = (await (await fetch(`${address!}/health`)).json()) as { device: string };
      expect(health).toEqual({ device: 'openvino:CPU', pending: 0 });
      server.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
    });
  });
});
