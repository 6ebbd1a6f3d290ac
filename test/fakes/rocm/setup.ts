/** What the tests with the doubles of HIP and MIGraphX need: their folders, control blocks, models. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { fakesFolder } from '../../../scripts/setup/fakes.mjs';
import { writeModels } from '../cuda/setup.js';
import type { ModelName } from '../cuda/setup.js';
import { CONTROL_VARIABLE, Control } from './control.mjs';

/** Releases of ROCm before and after the numbers of element types shifted. */
export const releases = ['7.0', '7.1'] as const;
export type Release = (typeof releases)[number];

/** Why the doubles can't be used; to be added to a suite's name. */
export const missing =
  process.platform === 'linux' ? undefined : ' (skipped: the stand-ins for HIP and MIGraphX are for Linux)';

export const folderOf = (release: Release): string => join(fakesFolder, `migraphx${release}`);
export const libraryOf = (release: Release): string => join(folderOf(release), 'libmigraphx_c.so.3');

export const releaseOf = (library: string): Release => (library.includes('migraphx7.0') ? '7.0' : '7.1');

export interface Doubles {
  readonly control: Control;
  /** Stands for the folders of the system that tell of devices. */
  readonly root: string;
  /** For the environment of the process that opens them. */
  readonly env: Record<string, string>;
}

/** A control block and a system in a folder of their own, and the environment that leads a process to the doubles. */
export function makeDoubles(folder: string, release: Release, library = libraryOf(release)): Doubles {
  const own = mkdtempSync(join(folder, 'rocm-'));
  const path = join(own, 'control');
  const root = join(own, 'root');
  writeSystem(root, 1);
  return {
    control: Control.create(path),
    root,
    env: { [CONTROL_VARIABLE]: path, ACCELNODE_ROCM_LIBRARY: library, ACCELNODE_ROCM_ROOT: root },
  };
}

/** What Linux says of so many GPUs with 24 GiB, from PCI bus 1 on, which are the ones that the double has. */
export function writeSystem(root: string, count: number, gfx = 110000): void {
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  };
  write('dev/kfd', '');
  write('sys/class/kfd/kfd/topology/nodes/0/properties', 'cpu_cores_count 16\nsimd_count 0\ngfx_target_version 0');
  for (let i = 0; i < count; i++) {
    const bus = i + 1;
    const device = `sys/class/drm/card${i}/device`;
    write(`${device}/uevent`, `DRIVER=amdgpu\nPCI_SLOT_NAME=0000:${bus.toString(16).padStart(2, '0')}:00.0`);
    write(`${device}/gpu_busy_percent`, String(40 + i));
    write(`${device}/mem_info_vram_total`, String(24 * 2 ** 30));
    write(`${device}/mem_info_vram_used`, String((1 + i) * 2 ** 30));
    write(`${device}/hwmon/hwmon3/power1_average`, String(87_500_000 + i));
    write(`${device}/hwmon/hwmon3/temp1_input`, String(54_000 + i * 1000));
    write(
      `sys/class/kfd/kfd/topology/nodes/${i + 1}/properties`,
      [
        'simd_count 192',
        `gfx_target_version ${gfx}`,
        `location_id ${bus << 8}`,
        'domain 0',
        `drm_render_minor ${128 + i}`,
      ].join('\n'),
    );
    write(`dev/dri/renderD${128 + i}`, '');
  }
}

/** What the doubles have found since the last time; empty when nothing. */
export const takeViolation = (control: Control): string => control.takeViolation();

export interface Opened extends Doubles {
  readonly release: Release;
  readonly models: Record<ModelName, string>;
}

/** The doubles of the project's environment, for use in this process; before the first load. */
export function openDoubles(folder: string): Opened {
  const release = releaseOf(process.env.ACCELNODE_ROCM_LIBRARY!);
  const doubles = makeDoubles(folder, release);
  Object.assign(process.env, doubles.env);
  return { ...doubles, release, models: writeModels(folder) };
}
