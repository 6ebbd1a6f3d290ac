/** That these tests run where they say they do. */
import { join } from 'node:path';

import { devices } from 'accelnode';
import { expect, it } from 'vitest';

import { runScript } from '../utils/child.js';

it('runs in Node for arm64, on an addon for arm64', async () => {
  expect(process).toMatchObject({ platform: 'linux', arch: 'arm64' });
  // It opens the addon; one for another processor can't be loaded.
  await devices();
  const addon = join(import.meta.dirname, '..', '..', 'prebuilds', 'linux-arm64', 'accelnode.glibc.node');
  expect(process.report.getReport()).toMatchObject({ sharedObjects: expect.arrayContaining([addon]) as string[] });
});

it('starts other programs the same way', async () => {
  const { code, stdout } = await runScript('console.log(process.arch)');
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'arm64\n' });
});
