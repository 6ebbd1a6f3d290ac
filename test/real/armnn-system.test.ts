/**
 * What of the machine is looked at before Arm NN is started, which takes the process down where its GPU backend finds no
 * GPU. OpenCL is the one of test/fakes/armnn; device nodes and firmware lie below a folder.
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { BackendReport, SystemCheck } from 'accelnode';
import { expect, it } from 'vitest';

import { fakesFolder } from '../../scripts/setup/fakes.mjs';
import { describeArmnn } from '../utils/armnn.js';
import { runScript } from '../utils/child.js';
import type { ChildResult } from '../utils/child.js';
import { command, jsonOf } from '../utils/command.js';
import { temporaryFolder } from '../utils/temporary-folder.js';
import { tfliteModel } from '../utils/tflite-model.js';

type OpenCl = 'absent' | 'none' | 'cpu' | 'cpu+gpu' | 'gpu';

/** @param files of the machine, by their paths there */
function machine(opencl: OpenCl, files: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const root = temporaryFolder();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return {
    ACCELNODE_ARMNN_ROOT: root,
    ...(opencl === 'absent' ? {} : { FAKE_OPENCL: opencl, LD_LIBRARY_PATH: join(fakesFolder, 'opencl') }),
  };
}

async function diagnose(env: NodeJS.ProcessEnv, exitCode: 0 | 1): Promise<BackendReport> {
  const { backends } = await jsonOf<{ backends: BackendReport[] }>(command({ ...env, ...alone }), exitCode, 'doctor');
  return backends.find(({ name }) => name === 'armnn')!;
}

/** No backend but Arm NN. */
const alone = Object.fromEntries(
  ['CUDA', 'ROCM', 'RKNN', 'OPENVINO'].map((name) => [`ACCELNODE_${name}_LIBRARY`, '/nowhere/library.so']),
);

function checkOf({ checks }: BackendReport, what: string): SystemCheck | undefined {
  return checks.find((check) => check.what === what);
}

const tensor = { type: 'float32', shape: [2] } as const;
const negative = tfliteModel({
  tensors: [
    { name: 'x', ...tensor },
    { name: 'y', ...tensor },
  ],
  inputs: ['x'],
  outputs: ['y'],
  operators: [{ op: 'NEG', inputs: ['x'], outputs: ['y'] }],
});

/** Loads it there, runs it, and loads it on TFLite afterwards, whatever came of that: the process must go on. */
async function load(device: string, env: NodeJS.ProcessEnv): Promise<ChildResult & { lines: string[] }> {
  const script = `
    import { Session } from 'accelnode';
    const model = Buffer.from(process.argv[1], 'base64');
    for (const device of [process.argv[2], 'armnn:tflite']) {
      try {
        const session = await Session.load(model, { device });
        const { y } = await session.run({ x: Float32Array.of(1, 2) });
        console.log(session.device, ...y.data);
        await session.close();
      } catch (error) {
        console.log(error.code, error.message.replaceAll('\\n', ' '), error.hint?.replaceAll('\\n', ' '));
      }
    }`;
  const result = await runScript(script, { args: [Buffer.from(negative).toString('base64'), device], env });
  return { ...result, lines: result.stdout.trim().split('\n') };
}

describeArmnn('what Arm NN needs of the machine', () => {
  it('is a GPU that OpenCL has', async () => {
    const report = await diagnose(machine('gpu'), 0);
    expect(report.status).toBe('PASS');
    expect(report.devices[0]).toMatchObject({ id: 'armnn:GpuAcc', name: 'Mali-G610', driver: '3.0', automatic: true });
    expect(report.checks.every(({ ok }) => ok)).toBe(true);
    expect(checkOf(report, 'OpenCL library')!.found).toContain('libOpenCL.so');
    expect(checkOf(report, 'OpenCL GPU')!.found).toBe('Mali-G610, driver 3.0');
  });

  it.each<[OpenCl, string, RegExp, RegExp]>([
    ['absent', 'OpenCL library', /libOpenCL\.so.*cannot open/, /Install the driver of the Mali GPU/],
    ['none', 'OpenCL GPU', /has no platform/, /\/etc\/OpenCL\/vendors/],
    ['cpu', 'OpenCL GPU', /first platform, Portable Computing Language, has no GPU/, /clinfo -l/],
    ['cpu+gpu', 'OpenCL GPU', /first platform, Portable Computing Language, has no GPU/, /OCL_ICD_VENDORS/],
  ])('is missing where OpenCL is %s, with a remedy for each reason', async (opencl, what, found, hint) => {
    const report = await diagnose(machine(opencl), 1);
    expect(checkOf(report, what)).toMatchObject({ ok: false });
    expect(checkOf(report, what)!.found).toMatch(found);
    expect(checkOf(report, what)!.hint).toMatch(hint);
    expect(checkOf(report, '/dev/mali0')).toMatchObject({ ok: false, found: 'No such file or directory' });
    expect(checkOf(report, '/dev/mali0')!.hint).toContain('--device /dev/mali0');
    const absent = report.absent.find(({ id }) => id === 'armnn:GpuAcc')!;
    expect(absent.reason).toMatch(found);
    expect(absent.hint).toMatch(hint);
  });

  it('is a device node where the driver is Arm’s', async () => {
    const report = await diagnose(machine('none', { '/dev/mali0': '' }), 1);
    expect(checkOf(report, '/dev/mali0')).toMatchObject({ ok: true, found: 'there, and usable' });
  });

  it.each<[string, Record<string, string>]>([
    ['an RK3588', { '/proc/device-tree/compatible': 'radxa,rock-5b\0rockchip,rk3588\0' }],
    ['a GPU that the device tree tells', { '/proc/device-tree/gpu@fb000000/compatible': 'arm,mali-valhall-csf\0' }],
    ['a GPU that its driver tells', { '/sys/class/misc/mali0/device/gpuinfo': 'Mali-G610 4 cores r0p0 0xA867\n' }],
  ])('is firmware on %s', async (_what, files) => {
    const without = checkOf(await diagnose(machine('none', files), 1), 'mali_csffw.bin')!;
    expect(without).toMatchObject({ ok: false });
    expect(without.hint).toContain('/lib/firmware');
    for (const place of ['/lib/firmware', '/lib/firmware/arm/mali/arch10.8']) {
      const report = await diagnose(machine('none', { ...files, [`${place}/mali_csffw.bin`]: 'firmware' }), 1);
      expect(checkOf(report, 'mali_csffw.bin')).toMatchObject({ ok: true });
    }
  });

  it('is no firmware on other GPUs', async () => {
    const files = { '/proc/device-tree/compatible': 'khadas,vim3\0amlogic,g12b\0' };
    expect(checkOf(await diagnose(machine('none', files), 1), 'mali_csffw.bin')).toBeUndefined();
  });

  it('is told in lines', async () => {
    const { stdout } = await command({ ...machine('cpu'), ...alone })('doctor');
    expect(stdout).toMatch(
      /^ {8}missing {2}\/dev\/mali0: No such file or directory\n {17}Arm's kernel driver makes it/m,
    );
    expect(stdout).toMatch(/^ {8}ok {7}OpenCL library: .*libOpenCL\.so$/m);
    expect(stdout).toMatch(/^ {8}missing {2}OpenCL GPU: the first platform/m);
  });

  it('keeps a process alive that asks for GpuAcc without a GPU', async () => {
    for (const opencl of ['absent', 'none', 'cpu', 'cpu+gpu'] as const) {
      const { lines, code } = await load('armnn:GpuAcc', machine(opencl));
      expect(code).toBe(0);
      expect(lines[0]).toMatch(/^DEVICE_NOT_FOUND \/dev\/mali0: No such file.*OpenCL/);
      expect(lines[1]).toBe('armnn:tflite -1 -2');
    }
  });

  it('keeps a process alive whose Arm NN has no GpuAcc', async () => {
    // Arm NN itself would run the second on CpuRef alone, and say nothing.
    for (const device of ['armnn:GpuAcc', 'armnn:GpuAcc,CpuRef', 'armnn:CpuRef,GpuAcc']) {
      const { lines, code } = await load(device, machine('gpu'));
      expect(code).toBe(0);
      expect(lines[0]).toMatch(/^DEVICE_NOT_FOUND .*No known backend.*armnn\.dynamicBackends/);
      expect(lines[1]).toBe('armnn:tflite -1 -2');
    }
  });

  it('keeps a process alive that asks for another backend beside a GpuAcc without a GPU', async () => {
    // An Arm NN without GpuAcc asks nobody.
    expect((await load('armnn:CpuRef', machine('cpu'))).lines[0]).toBe('armnn:CpuRef -1 -2');
    const backends = temporaryFolder();
    cpSync(process.env.ACCELNODE_ARMNN_BACKENDS!, backends, { recursive: true, dereference: true });
    writeFileSync(join(backends, 'Arm_GpuAcc_backend.so'), '');
    for (const opencl of ['cpu', 'cpu+gpu'] as const) {
      const { lines, code } = await load('armnn:CpuRef', { ...machine(opencl), ACCELNODE_ARMNN_BACKENDS: backends });
      expect(code).toBe(0);
      expect(lines[0]).toMatch(/^DEVICE_NOT_FOUND Arm NN would end the process.*Portable.*OCL_ICD_VENDORS/);
      expect(lines[1]).toBe('armnn:tflite -1 -2');
    }
  });
});
