/** Installs a real release through the real pip, from wherever that is configured to fetch, and runs a model on it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AccelError, installRuntime } from 'accelnode';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';

import { installRelease } from '../../build-ts/runtimes/install.js';
import { findRelease } from '../../build-ts/runtimes/manifest.js';

const version = '2024.6.0';
const repository = join(import.meta.dirname, '..', '..');
const root = mkdtempSync(join(tmpdir(), 'accelnode-runtimes-'));
const folder = join(root, 'openvino', version);
const environment = { ...process.env, ACCELNODE_RUNTIMES: root, ACCELNODE_OPENVINO_LIBRARY: '' };

vi.setConfig({ testTimeout: 600_000 }); // 45 MB, on any network
vi.stubEnv('ACCELNODE_RUNTIMES', root);
const problem = await installRuntime('openvino', { version }).then(
  () => undefined,
  (error: unknown) => error,
);
vi.unstubAllEnvs();

// Only what pip itself says counts as having no network.
const offline = problem instanceof AccelError && problem.message.includes('pip could not reach its package index');

if (offline) rmSync(root, { recursive: true }); // hooks do not run where all is skipped

afterEach(() => {
  vi.unstubAllEnvs();
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function accelnode(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const command = [join(repository, 'dist', 'cli.js'), 'runtime', ...args];
  return spawnSync(process.execPath, command, { env: environment, encoding: 'utf8' });
}

// An ONNX model of one Relu, from x to y, both float32 [n, 3].
const relu = 'CAo6PQoMCgF4EgF5IgRSZWx1EgFnWhQKAXgSDwoNCAESCQoDEgFuCgIIA2IUCgF5Eg8KDQgBEgkKAxIBbgoCCANCBAoAEBE=';

// Removes the runtime while it is in use, where the system permits that.
const script = `
  import { Session, Tensor, installedRuntimes, removeRuntime, runtime } from 'accelnode';
  const { library, version } = await runtime('openvino');
  const session = await Session.load({ onnx: Buffer.from('${relu}', 'base64') }, { device: 'openvino:CPU' });
  const run = async () => {
    const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(-1, 0, 2), [1, 3]) });
    return [...y.data];
  };
  const before = await run();
  if (process.argv[1] === 'remove') await removeRuntime('openvino');
  console.log(JSON.stringify({ library, version, before, after: await run(), installed: installedRuntimes().length }));
  await session.close();
`;

function runModel(...args: string[]): unknown {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', script, '--', ...args],
    { cwd: repository, env: environment, encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout);
}

describe.skipIf(offline)(
  `OpenVINO ${version}${offline ? ' (skipped: pip could not reach its package index)' : ''}`,
  () => {
    const { archive } = findRelease('openvino', version);
    const expected = { library: join(folder, archive.library), version: expect.stringContaining(version) as string };

    it('is installed, and nothing but what is kept', () => {
      expect(problem).toBeUndefined();
      expect(readdirSync(root)).toEqual(['openvino']);
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      const kept = files.map((entry) => entry.name).sort();
      expect(kept).toEqual([...archive.members.map((member) => member.split('/').at(-1)!), 'runtime.json'].sort());
      const sizes = files.map((entry) => statSync(join(entry.parentPath, entry.name)).size);
      const description = statSync(join(folder, 'runtime.json')).size;
      expect(sizes.reduce((sum, size) => sum + size) - description).toBe(archive.installedSize);
      expect(readFileSync(join(folder, 'licenses', 'LICENSE'), 'utf8')).toContain('Apache License');
    });

    it('runs a model', () => {
      expect(runModel()).toEqual({ ...expected, before: [0, 0, 2], after: [0, 0, 2], installed: 1 });
    });

    it('is there for the command', () => {
      const listed = JSON.parse(accelnode('list', '--json').stdout) as { folder: string; runtimes: object[] };
      expect(listed.folder).toBe(root);
      expect(listed.runtimes).toContainEqual(
        expect.objectContaining({ name: 'openvino', version, folder, used: true, downloadSize: archive.size }),
      );
      expect(accelnode('list').stdout).toMatch(/openvino +2024\.6\.0 +installed, used +42\.\d MB +116\.\d MB/);
      expect(accelnode('path').stdout).toBe(`${root}\n`);
      expect(accelnode('path', 'openvino').stdout).toBe(`${folder}\n`);
      expect(accelnode('path', 'openvino@2025.0.0')).toMatchObject({ status: 1, stdout: '' });
      expect(accelnode('install', `openvino@${version}`)).toMatchObject({
        status: 0,
        stdout: `openvino ${version} was installed already: ${folder}\n`,
        stderr: '',
      });
      for (const wrong of [['install'], ['install', 'openvino@1.0.0'], ['install', 'tensorrt'], ['lists']]) {
        expect(accelnode(...wrong).status, wrong.join(' ')).toBe(2);
      }
    });

    it('is not replaced by a file of another hash', async () => {
      vi.stubEnv('ACCELNODE_RUNTIMES', root);
      const release = findRelease('openvino', version);
      const tampered = {
        ...release,
        archive: { ...archive, sha256: archive.sha256.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) },
      };
      await expect(installRelease(tampered, { force: true })).rejects.toMatchObject({
        code: 'RUNTIME_INCOMPATIBLE',
        message: expect.stringContaining(archive.sha256) as string,
      });
      expect(readdirSync(root)).toEqual(['openvino']);
      expect(runModel()).toMatchObject(expected);
    });

    it.skipIf(process.platform === 'win32')('is removed while a process uses it (not on Windows)', () => {
      expect(runModel('remove')).toEqual({ ...expected, before: [0, 0, 2], after: [0, 0, 2], installed: 0 });
      expect(readdirSync(root)).toEqual([]);
      expect(accelnode('remove', 'openvino')).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('error RUNTIME_NOT_FOUND') as string,
      });
    });

    it('is installed by the command, and removed', () => {
      const { status, stdout, stderr } = accelnode('install', `openvino@${version}`, '--force');
      expect({ status, stdout }).toEqual({ status: 0, stdout: `openvino ${version} is installed: ${folder}\n` });
      expect(stderr).toMatch(
        /^openvino 2024\.6\.0 \(.*\.whl\), fetched by pip \S+ of Python \S+ \(.*\)\nDownloading…\nUnpacking…\n$/,
      );
      expect(JSON.parse(accelnode('remove', 'openvino', '--json').stdout)).toMatchObject({
        removed: [{ version, folder }],
      });
      expect(readdirSync(root)).toEqual([]);
    });
  },
);
