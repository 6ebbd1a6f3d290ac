/** Installs TFLite through the real npm and Maven, from wherever they are configured to fetch, and runs a model on it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AccelError, installRuntime } from 'accelnode';
import { afterAll, describe, expect, it, vi } from 'vitest';

import { findRelease } from '../../build-ts/runtimes/manifest.js';
import { sampleModels } from '../utils/tflite-samples.js';

vi.setConfig({ testTimeout: 600_000 });
const repository = join(import.meta.dirname, '..', '..');
const root = mkdtempSync(join(tmpdir(), 'accelnode-tflite-'));
const environment = { ...process.env, ACCELNODE_RUNTIMES: root, ACCELNODE_ARMNN_LIBRARY: '' };
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Why a release can't be had here: only what the program itself says counts. */
async function problemWith(version: string): Promise<string> {
  vi.stubEnv('ACCELNODE_RUNTIMES', root);
  try {
    await installRuntime('tflite', { version });
    return '';
  } catch (error) {
    const { message, code } = error as AccelError;
    const expected = code === 'UNSUPPORTED' || message.includes('could not reach');
    if (!(error instanceof AccelError) || !expected) throw error;
    return ` (skipped: ${message.split('\n')[0]})`;
  } finally {
    vi.unstubAllEnvs();
  }
}

const script = `
  import { Session, runtime } from 'accelnode';
  const { library, version } = await runtime('armnn');
  const model = Buffer.from('${Buffer.from(sampleModels.relu).toString('base64')}', 'base64');
  const session = await Session.load({ tflite: model }, { device: 'armnn:tflite' });
  const { y } = await session.run({ x: Float32Array.of(-2, 5, -1, 4) });
  console.log(JSON.stringify({ library, version, y: [...y.data] }));
  await session.close();
`;

for (const version of ['2.9.0', '2.21.0']) {
  const problem = await problemWith(version);
  describe.skipIf(problem)(`TFLite ${version}${problem}`, () => {
    const folder = join(root, 'tflite', version);

    it('is installed with its licence, and runs a model', () => {
      const { archive } = findRelease('tflite', version);
      expect(statSync(join(folder, archive.library)).size).toBeGreaterThan(1_000_000);
      expect(readdirSync(join(folder, 'licenses'))).toContain('Apache-2.0.txt');
      // The newest that is there is used: the later of the two, once it is.
      const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
        cwd: repository,
        env: { ...environment, ACCELNODE_ARMNN_LIBRARY: join(folder, archive.library) },
        encoding: 'utf8',
      });
      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toEqual({ library: join(folder, archive.library), version, y: [0, 3, 2, 0] });
    });

    it('is there for the command', () => {
      const command = (...args: string[]): string =>
        spawnSync(process.execPath, [join(repository, 'dist', 'cli.js'), 'runtime', ...args], {
          env: environment,
          encoding: 'utf8',
        }).stdout;
      expect(command('list')).toMatch(new RegExp(`tflite +${version.replaceAll('.', '\\.')} +installed`));
      expect(command('path', `tflite@${version}`)).toBe(`${folder}\n`);
    });
  });
}

describe('the newest of those', () => {
  const [newest] = existing();

  it.skipIf(newest === undefined)('is found in the runtimes folder', () => {
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: repository,
      env: environment,
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout)).toMatchObject({ version: newest });
  });
});

function existing(): string[] {
  try {
    return readdirSync(join(root, 'tflite')).sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  } catch {
    return [];
  }
}
