/** That these tests run where they say they do, on the addon that the package brings along for it; and doctor. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { devices } from 'accelnode';
import { afterAll, expect, it } from 'vitest';

const [platform, arch, libc] = process.env.ACCELNODE_TEST_PLATFORM!.split('-');
const require = createRequire(import.meta.url);
const packageFolder = dirname(require.resolve('accelnode/package.json'));
const scratch = mkdtempSync(join(tmpdir(), 'accelnode-platform-'));
afterAll(() => rmSync(scratch, { recursive: true }));

it('runs on the addon of its platform', async () => {
  expect(process).toMatchObject({ platform, arch });
  await devices(); // opens the addon
  const file = libc === undefined ? 'accelnode.node' : `accelnode.${libc}.node`;
  const addon = join(packageFolder, 'prebuilds', `${platform}-${arch}`, file);
  const loaded = (process.report.getReport() as { sharedObjects: string[] }).sharedObjects;
  expect(loaded.map((path) => path.toLowerCase())).toContain(addon.toLowerCase());
});

it('has a doctor', () => {
  const { code, stdout } = startCli(['doctor', '--json']);
  const report = JSON.parse(stdout) as { platform: string; backends: { name: string }[] };
  expect(report.backends.map(({ name }) => name).sort()).toEqual(['armnn', 'cuda', 'openvino', 'rknn', 'rocm']);
  expect(report.platform).toBe(`${platform}-${arch}`);
  // Not what it finds, which depends on the machine.
  expect([0, 1]).toContain(code);
});

/** What it prints goes to a file: Node for Windows can't write to a pipe of Linux, which is what Wine would give it. */
function startCli(args: string[]): { code: number | null; stdout: string } {
  const file = join(scratch, 'stdout');
  const output = openSync(file, 'w');
  const { status } = spawnSync(process.execPath, [join(packageFolder, 'dist', 'cli.js'), ...args], {
    stdio: ['ignore', output, 'inherit'],
  });
  closeSync(output);
  return { code: status, stdout: readFileSync(file, 'utf8') };
}
