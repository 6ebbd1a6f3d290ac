/** Which vendors have a runtime for which platform. The table in README.md says the same, and a test compares them. */
import { backends } from './backends.js';
import type { BackendName } from './backends.js';
import { AccelError } from './errors.js';
import { addonPlatforms, addonPlatform } from './platform.js';
import type { AddonPlatform } from './platform.js';
import { libraryVariable } from './runtimes/folder.js';

interface RuntimePlatforms {
  /** The vendor, or a distribution, has it ready. */
  readonly ready: readonly AddonPlatform[];
  /** Nobody has it ready, but its sources can be built. */
  readonly buildable: readonly AddonPlatform[];
  /** Where there is one, to be read by those who are elsewhere. */
  readonly only: string;
  /** What they can do. */
  readonly instead?: string;
}

/**
 * From the vendors' lists of supported systems: TensorRT's support matrix, Debian's and AMD's packages of MIGraphX,
 * OpenVINO's wheels, rknn-toolkit2's librknnrt. Vendors build for glibc.
 */
export const runtimePlatforms: Readonly<Record<Exclude<BackendName, 'null'>, RuntimePlatforms>> = {
  cuda: {
    ready: ['linux-x64', 'linux-arm64'],
    buildable: [],
    // Its Windows libraries have classes of Microsoft's layout, which native/cuda does not call.
    only: 'accelnode uses TensorRT on Linux with glibc, on x64 and arm64 (Jetson and servers).',
    instead: 'On Windows, use WSL2, where Linux and its TensorRT have the GPU.',
  },
  rknn: {
    ready: ['linux-arm64'],
    buildable: [],
    only: "Rockchip's librknnrt exists for Linux with glibc on arm64.",
    instead:
      'Run it on the board; `npx accelnode compile` converts models for it here where rknn-toolkit2 is installed.',
  },
  rocm: {
    ready: ['linux-x64', 'linux-arm64'],
    buildable: [],
    only: 'accelnode uses MIGraphX on Linux with glibc, on x64, and arm64 where a distribution has it.',
    instead: 'On Windows, use WSL2, where Linux and its ROCm have the GPU.',
  },
  openvino: {
    // For Macs with Intel's processors, 2025.4 is the last release.
    ready: ['linux-x64', 'linux-arm64', 'win32-x64', 'darwin-arm64', 'darwin-x64'],
    buildable: ['linux-x64-musl', 'linux-arm64-musl'],
    only: 'OpenVINO exists for Linux, Windows and macOS.',
  },
  armnn: {
    ready: ['linux-x64', 'linux-arm64'],
    buildable: ['linux-x64-musl', 'linux-arm64-musl', 'win32-x64', 'darwin-arm64', 'darwin-x64'],
    only: 'TFLite exists for Linux, Windows and macOS.',
  },
};

/**
 * Why no library of a backend can be found on this platform; undefined where one may be. A library that the user names is
 * tried all the same, on every platform.
 */
export function noRuntimeHere(backend: BackendName): AccelError | undefined {
  const here = addonPlatform();
  // Whoever has built the addon for another platform may have built a runtime for it too.
  if (backend === 'null' || here === undefined) return undefined;
  const { ready, buildable, only, instead } = runtimePlatforms[backend];
  if (ready.includes(here) || buildable.includes(here)) return undefined;
  const { product } = backends[backend];
  return new AccelError('UNSUPPORTED', `There is no ${product} for ${here.replace('-musl', ' with musl')}. ${only}`, {
    backend,
    hint: [instead, `Set ${libraryVariable(backend)} to have a library of your own tried.`].filter(Boolean).join(' '),
    libraries: [],
  });
}

/** The table in README.md, in Markdown. */
export function platformTable(): string {
  const head = ['Backend', ...addonPlatforms.map((name) => `\`${name}\``)];
  const rows = Object.entries(runtimePlatforms).map(([name, { ready, buildable }]) => [
    `\`${name}\``,
    ...addonPlatforms.map((each) => (ready.includes(each) ? 'yes' : buildable.includes(each) ? 'if built' : '–')),
  ]);
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
