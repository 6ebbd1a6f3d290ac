/** The HTML report in a real browser. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { expect, it } from 'vitest';

import { toHtml } from '../../build-ts/report/html.js';
import { sampleAnalysis } from '../utils/analysis.js';
import { describeBrowser, withPage } from '../utils/browser.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

describeBrowser('the report', () => {
  it.each([
    ['a phone', 390, 844, 'light'],
    ['a desk', 1280, 900, 'dark'],
  ])('opens on %s without a complaint and without asking anybody for anything', async (_, width, height, scheme) => {
    const file = join(temporaryFolder(), 'report.html');
    writeFileSync(file, await toHtml(await sampleAnalysis()));
    await withPage(async (page) => {
      await page.send('Emulation.setDeviceMetricsOverride', {
        width,
        height,
        deviceScaleFactor: 1,
        mobile: width < 500,
      });
      await page.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
      const address = pathToFileURL(file).href;
      await page.open(address);

      const complaints = page.events.filter(({ method }) =>
        ['Log.entryAdded', 'Runtime.consoleAPICalled', 'Runtime.exceptionThrown'].includes(method),
      );
      expect(complaints).toEqual([]);
      const requests = page.events
        .filter(({ method }) => method === 'Network.requestWillBeSent')
        .map(({ params }) => (params as { request: { url: string } }).request.url);
      expect(requests.filter((url) => url !== 'data:,')).toEqual([address]);

      // Nothing but the table is wider than the screen, and the table scrolls by itself.
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      const widths = await page.evaluate<number[]>(
        '[...document.querySelectorAll("svg")].map((svg) => svg.clientWidth)',
      );
      expect(widths).toHaveLength(4);
      for (const each of widths) expect(each).toBeGreaterThan(250);
      // The variables of the style sheet reach the drawings: text is not black on black.
      const colours = await page.evaluate<string[]>(
        '[...document.querySelectorAll("svg text")].map((text) => getComputedStyle(text).fill)',
      );
      expect(new Set(colours)).toEqual(
        new Set(
          scheme === 'dark' ? ['rgb(169, 176, 189)', 'rgb(236, 238, 242)'] : ['rgb(86, 93, 107)', 'rgb(27, 31, 39)'],
        ),
      );
    });
  });

  it('labels each batch, and no text lies on a mark or on other text', async () => {
    const file = join(temporaryFolder(), 'report.html');
    const batches = Array.from({ length: 20 }, (_, i) => (i === 0 ? 1 : 60 + 40 * i));
    const values = (...all: number[]): { values: number[]; searched: boolean } => ({ values: all, searched: false });
    const ranges = { batch: values(...batches), lanes: values(1, 2), concurrency: values(1, 2, 4) };
    writeFileSync(file, await toHtml(await sampleAnalysis({ ...ranges, search: 'brute' })));
    await withPage(async (page) => {
      await page.open(pathToFileURL(file).href);
      const { texts, marks, ...found } = await page.evaluate<{ texts: string[]; marks: number; overlaps: string[] }>(`
        (() => {
          const overlaps = [];
          const texts = [...document.querySelectorAll('svg text')];
          const marks = [...document.querySelectorAll('svg path')].filter((path) => {
            return [path.getAttribute('fill'), path.getAttribute('stroke')].some((each) => /series|text/.test(each));
          });
          const boxes = new Map([...texts, ...marks].map((each) => [each, each.getBoundingClientRect()]));
          // A text's box is higher than its letters.
          const touch = (a, b) =>
            a.left < b.right - 3 && b.left < a.right - 3 && a.top < b.bottom - 3 && b.top < a.bottom - 3;
          for (const [i, text] of texts.entries()) {
            for (const other of [...texts.slice(i + 1), ...marks]) {
              if (touch(boxes.get(text), boxes.get(other))) overlaps.push(text.textContent + ': ' + other.outerHTML);
            }
          }
          return { overlaps, marks: marks.length, texts: texts.map(({ textContent }) => textContent) };
        })()`);
      expect(found).toEqual({ overlaps: [] });
      expect(marks).toBeGreaterThan(100);
      for (const batch of batches) expect(texts).toContain(String(batch));
      expect(texts).not.toContain('best');
      const legends = await page.evaluate<string[]>(
        '[...document.querySelectorAll(".legend")].map(({ innerText }) => innerText)',
      );
      expect(legends[0]).toMatch(/○ best\s+□ default/);
    });
  });
});
