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
});
