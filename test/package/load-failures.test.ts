/** What the package says, and what of it still works, where its addon can't be loaded. */
import {
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { emptyFolder, prebuildFile } from '../../scripts/setup/package.mjs';
import { onnxModel } from '../utils/onnx-model.js';
import { accelnode, copyProject, outputOf, packageFolder, project, runHere } from './installed.js';
import type { RunOptions } from './installed.js';

interface Refusal {
  code: string;
  message: string;
  hint: string;
  libraries: { name: string; origin: string; error: string }[];
  backend?: string;
  cause: boolean;
}

interface WithoutAddon {
  shape: number[];
  folder: string;
  inspected: string;
  refusals: Record<'load' | 'allocate' | 'runtime' | 'runtimes' | 'devices' | 'diagnose', Refusal>;
}

interface Failure {
  name: string;
  /** Spoils the copy of the package. @param addon its file for this machine */
  spoil?: (addon: string, copy: string) => void;
  env?: Record<string, string>;
  pretend?: { platform?: string; arch?: string; glibc?: string };
  /** In the error's message, its hint, and the loader's words, if it got so far. */
  message: RegExp;
  hint: RegExp;
  loader?: RegExp;
  skip?: boolean;
}

const onLinux = process.platform === 'linux';
const onGlibc = onLinux && prebuildFile.endsWith('.glibc.node');

/** An addon that the tests are installed with. */
function otherAddon(): string {
  const folder = join(import.meta.dirname, '..', '..', 'node_modules', '@rolldown');
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('.node'));
  return join(folder, found!);
}

/** Replaces text by other text of the same length. */
function patch(file: string, from: RegExp, to: string): void {
  const bytes = readFileSync(file).toString('latin1');
  expect(bytes).toMatch(from);
  writeFileSync(file, bytes.replace(from, to), 'latin1');
}

const failures: Failure[] = [
  {
    name: 'there are no addons at all',
    spoil: (addon) => rmSync(dirname(dirname(addon)), { recursive: true }),
    message: /: the package has none\./,
    hint: /Install the package again[^]*npx node-gyp rebuild/,
  },
  {
    name: 'only the one for this machine is missing',
    spoil: (addon) => {
      const other = join(dirname(dirname(addon)), 'plan9-arm64');
      mkdirSync(other);
      renameSync(addon, join(other, 'accelnode.node'));
    },
    message: /: the package has lost the one for this machine; it has .*plan9-arm64.accelnode\.node/,
    hint: /--os, --cpu and --libc change nothing/,
  },
  {
    name: 'its file is empty',
    spoil: (addon) => truncateSync(addon, 0),
    message: /: its file is damaged, or of another platform\./,
    hint: /Install the package again/,
    loader: /file too short|not a valid|invalid/,
  },
  {
    name: 'its file is cut off, which glibc answers with SIGBUS',
    spoil: (addon) => truncateSync(addon, statSync(addon).size / 2),
    message: /: its file is damaged, or of another platform\./,
    hint: /Install the package again/,
    loader: /file too short \(it has \d+ bytes of at least \d+\)/,
    skip: !onLinux,
  },
  {
    name: 'its file is something else',
    spoil: (addon) => writeFileSync(addon, '<!DOCTYPE html>\n'.repeat(1000)),
    message: /: its file is damaged, or of another platform\./,
    hint: /Install the package again/,
    loader: /invalid ELF header|not a valid|mach-o/i,
  },
  {
    name: 'its file is for another processor',
    // e_machine: RISC-V
    spoil: (addon) => {
      const bytes = readFileSync(addon);
      bytes.writeUInt16LE(243, 18);
      writeFileSync(addon, bytes);
    },
    message: /: its file is damaged, or of another platform\./,
    hint: /node_modules folder may come from another machine/,
    loader: /cannot open shared object file|wrong ELF|invalid/,
    skip: !onLinux,
  },
  {
    name: 'glibc is older than the addon needs',
    spoil: (addon) => patch(addon, /GLIBC_2\.\d\d\0/, 'GLIBC_2.99\0'),
    pretend: { glibc: '2.17' },
    message: /: glibc is too old: accelnode needs 2\.28 or later, this file 2\.99, and here is 2\.17\./,
    hint: /Debian 10[^]*npx node-gyp rebuild/,
    loader: /version `GLIBC_2\.99' not found/,
    skip: !onGlibc,
  },
  {
    name: 'musl is asked for, and there is none for it',
    env: { LIBC: 'musl' },
    spoil: (addon) => rmSync(addon.replace('.glibc.', '.musl.'), { force: true }),
    message: /: the package has lost the one for this machine;[^]*LIBC=musl[^]*accelnode\.musl\.node/,
    hint: /^Unset LIBC.*glibc\.$/,
    skip: !onGlibc,
  },
  {
    name: 'the one for musl is loaded by glibc',
    env: { LIBC: 'musl' },
    // What musl's own has in it: the name of its C library.
    spoil: (addon) => {
      const musl = addon.replace('.glibc.', '.musl.');
      cpSync(addon, musl);
      patch(musl, /libc\.so\.6\0/, 'libc.muslx'.slice(0, 9) + '\0');
    },
    message: /: the one for musl was chosen, and here is glibc \d/,
    hint: /Unset LIBC/,
    loader: /libc\.musl: cannot open shared object file/,
    skip: !onGlibc,
  },
  {
    name: 'the one for glibc is loaded by musl, which is not that of Alpine',
    spoil: (addon) => patch(addon, /libc\.so\.6\0/, 'libc.muss\0'),
    pretend: { glibc: 'none' },
    message:
      /: the one for glibc was chosen, and the C library here is musl\.\n {2}this machine: linux-\w+, musl, Node/,
    hint: /Set LIBC=musl/,
    loader: /cannot open shared object file/,
    skip: !onGlibc,
  },
  {
    name: 'LIBC names no C library',
    env: { LIBC: 'gnu' },
    message: /: the package has lost the one for this machine;[^]*LIBC=gnu[^]*accelnode\.gnu\.node/,
    hint: /^Unset LIBC.* it asks for gnu, and this machine has/,
    skip: !onLinux,
  },
  {
    name: "the environment still has npm's setting for another machine",
    env: { npm_config_arch: 's390x' },
    message: /: the one for \w+-s390x was chosen, and this is \w+-\w+\.[^]*npm_config_arch=s390x/,
    hint: /^Unset npm_config_platform and npm_config_arch/,
  },
  {
    name: 'Node may not load addons',
    env: { NODE_OPTIONS: '--no-addons' },
    message: /: this process may not load addons\./,
    hint: /--allow-addons/,
    loader: /addons? .*disabled/,
  },
  {
    name: 'its file is the addon of another package',
    spoil: (addon) => cpSync(otherAddon(), addon),
    message: /: this is another addon\./,
    hint: /Install the package again/,
    loader: /another addon/,
  },
  {
    name: 'its file is the addon of another release',
    spoil: (_, copy) => {
      const file = join(copy, 'package.json');
      writeFileSync(file, readFileSync(file, 'utf8').replace(/"version": "[^"]+"/, '"version": "99.0.0"'));
    },
    message: /: this is the addon of accelnode \d+\.\d+\.\d+\./,
    hint: /Install the package again/,
    loader: /this is the addon of accelnode/,
  },
  {
    name: 'its header is damaged',
    // e_phoff
    spoil: (addon) => {
      const bytes = readFileSync(addon);
      bytes.writeBigUInt64LE(2n ** 63n, 32);
      writeFileSync(addon, bytes);
    },
    message: /: its file is damaged, or of another platform\./,
    hint: /Install the package again/,
    loader: /file too short \(it has \d+ bytes of at least \d+\)/,
    skip: !onLinux,
  },
  {
    name: 'a folder has its name',
    spoil: (addon) => {
      rmSync(addon);
      mkdirSync(addon);
    },
    message: /: its file is damaged, or of another platform\./,
    hint: /Install the package again/,
    loader: /this is no file/,
  },
  {
    name: 'there is none for the system',
    pretend: { platform: 'freebsd', arch: 'x64' },
    message: /: there is none for freebsd-x64\.[^]*looked for: .*freebsd-x64/,
    hint: /linux-x64, linux-arm64, linux-x64-musl, linux-arm64-musl, win32-x64, darwin-arm64, darwin-x64/,
  },
  {
    name: 'there is none for the processor',
    pretend: { arch: 'riscv64' },
    message: /: there is none for \w+-riscv64\./,
    hint: /npx node-gyp rebuild/,
  },
  {
    name: 'one was built in the package, and does not work',
    spoil: (_, copy) => {
      mkdirSync(join(copy, 'build', 'Release'), { recursive: true });
      writeFileSync(join(copy, 'build', 'Release', 'accelnode.node'), 'no addon');
    },
    message: /: the one that was built in the package does not work here\./,
    hint: /^Remove .*build to use the one that comes with the package, or build it again/,
    loader: /./,
  },
  {
    name: 'the folder that ACCELNODE_PREBUILD names has none',
    env: { ACCELNODE_PREBUILD: project },
    message: /: there is none in (.*), which ACCELNODE_PREBUILD names\.[^]*looked for: \1/,
    hint: /^Unset ACCELNODE_PREBUILD/,
  },
];

describe.each(failures.filter(({ skip }) => skip !== true))('when $name', (failure) => {
  const { spoil, message, hint, loader } = failure;
  const folder = emptyFolder();
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const options: RunOptions = { folder, env: failure.env, pretend: failure.pretend };

  beforeAll(() => {
    const copy = copyProject(folder);
    spoil?.(join(copy, prebuildFile), copy);
    writeFileSync(
      join(folder, 'model.onnx'),
      onnxModel({
        inputs: [{ name: 'x', type: 'float32', shape: [1] }],
        outputs: [{ name: 'y', type: 'float32', shape: [1] }],
        nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }],
      }),
    );
  });

  it('the import works, and what needs no addon', async () => {
    const { refusals, ...works } = await outputOf<WithoutAddon>(runHere('without-addon.mjs', options));
    expect(works).toEqual({ shape: [2], folder: 'string', inspected: 'MODEL_INVALID' });
    for (const [name, refusal] of Object.entries(refusals)) {
      expect(refusal, name).toMatchObject({ code: 'UNSUPPORTED', cause: true });
      // It concerns them all.
      expect(refusal, name).not.toHaveProperty('backend');
      expect(refusal.message, name).toMatch(message);
      expect(refusal.message).toMatch(/\n {2}this machine: \w+-\w+(, (glibc [\d.]+|musl))?, Node \d+\.\d+\.\d+/);
      expect(refusal.hint).toMatch(hint);
      expect(refusal.libraries).toHaveLength(1);
      expect(refusal.libraries[0]).toMatchObject({ origin: 'package' });
      if (loader !== undefined) {
        expect(refusal.libraries[0]!.error).toMatch(loader);
        expect(refusal.message).toContain(`file: ${refusal.libraries[0]!.name}`);
      }
    }
  });

  it('doctor says so', async () => {
    const plain = await accelnode(['doctor'], options);
    expect({ code: plain.code, stderr: plain.stderr }).toEqual({ code: 1, stderr: '' });
    expect(plain.stdout).toMatch(/^FAIL {4}addon /m);
    expect(plain.stdout).toMatch(/^ {8}reason {3}accelnode's addon can't be loaded: /m);
    expect(plain.stdout).toMatch(/^ {8}remedy {3}\S/m);

    const { code, stdout, stderr } = await accelnode(['doctor', '--json'], options);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const report = JSON.parse(stdout) as {
      addon: { status: string; reason: string; hint: string };
      backends: unknown[];
    };
    expect(report).toMatchObject({ addon: { status: 'FAIL' }, backends: [] });
    expect(report.addon.reason).toMatch(message);
    expect(report.addon.hint).toMatch(hint);
  });

  it('other commands work, or say so', async () => {
    const good = [
      ['--version'],
      ['bench', '--help'],
      ['inspect', 'model.onnx'],
      ['runtime', 'list'],
      ['cache', 'list'],
    ];
    for (const args of good) {
      const { code, stderr } = await accelnode(args, options);
      expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
    }
    for (const args of [['devices'], ['run', 'model.onnx', '-i', 'x=zeros']]) {
      const { code, stderr } = await accelnode(args, options);
      expect(code, args.join(' ')).toBe(1);
      expect(stderr).toMatch(/^error UNSUPPORTED: accelnode's addon can't be loaded: /m);
      expect(stderr).toMatch(/^hint: /m);
    }
  });
});

it('none of this happens to the package as it is', async () => {
  const { refusals } = await outputOf<WithoutAddon>(runHere('without-addon.mjs'));
  expect(refusals.load.code).toBe('MODEL_INVALID');
  expect(refusals.devices).toHaveProperty('value');
  expect(packageFolder).toContain(project);
});
