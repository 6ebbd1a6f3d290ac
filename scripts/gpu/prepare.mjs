// Packs all that a visit to a GPU needs, for a machine that can download nothing and takes little at a time: Node,
// accelnode as built here, models with what onnxruntime makes of them, CUDA's runtime, and TensorRT's builder with the
// code for one GPU. docs/gpu-results.md says how to go on. Compressing takes a quarter of an hour.
//
//   node scripts/gpu/prepare.mjs [--out FOLDER] [--tensorrt FOLDER] [--level 19] [--part-size BYTES]
//        [--model 'FILE INPUT=DIMS …' …]
import { cpSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { fetchFromMaven, hashOf } from '../setup/maven.mjs';
import { modelsFolder } from '../setup/models.mjs';
import { TENSORRT_MEMBERS, tensorrtArtifact } from '../setup/parsers.mjs';
import { ask, root, run, say, setupFolder } from '../setup/process.mjs';
import { cudartLibraries } from '../setup/runtimes.mjs';
import { addModel } from './models.mjs';

/** A release whose builder has code for Hopper GPUs (sm_90); it needs nothing beside its driver. */
const tensorrt = {
  artifact: tensorrtArtifact('10.6-1.5.11'),
  sha256: 'e7979693541f996bc284335b05f5e890a82b8b3aba50d680e1343a139cf291c4',
  members: ['libnvinfer.so.10', 'libnvonnxparser.so.10', 'libnvinfer_builder_resource.so.10.6.0'],
};

const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: join(setupFolder, 'gpu') },
    tensorrt: { type: 'string' },
    model: { type: 'string', multiple: true, default: ['mlp.onnx input=1,64', 'resnet18.onnx image=1,3,224,224'] },
    level: { type: 'string', default: '19' },
    'part-size': { type: 'string', default: String(58 * 2 ** 20) },
  },
});
const parts = join(options.out, 'parts');
const first = join(options.out, 'first');
const builder = join(options.out, 'builder');
for (const folder of [parts, first, builder]) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

await gatherTensorrt();
gatherAccelnode();
await gatherModels();
bringZstd();
pack('first', first);
pack('builder', builder);
await writeSums();
const sizes = readdirSync(parts).map((name) => statSync(join(parts, name)).size);
say(`${sizes.length} files in ${parts}, the largest of ${Math.max(...sizes)} bytes`);

/** The builder's code for GPUs is by far the largest, and only building needs it. */
async function gatherTensorrt() {
  const source = options.tensorrt ?? join(options.out, 'tensorrt');
  if (options.tensorrt === undefined) {
    say('Fetching TensorRT: one gigabyte');
    const members = tensorrt.members.map((name) => `${TENSORRT_MEMBERS}/${name}`);
    await fetchFromMaven({ ...tensorrt, members }, source);
  }
  for (const name of readdirSync(source)) {
    const folder = name.includes('builder_resource') ? builder : first;
    cpSync(join(source, name), join(folder, 'tensorrt', name), { dereference: true });
  }
  // Beside libnvinfer it is found first. TensorRT does not bring it, but its double does.
  if (readdirSync(source).some((name) => name.startsWith('libcudart'))) return;
  for (const { name, library } of cudartLibraries()) cpSync(library, join(first, 'tensorrt', name));
}

function gatherAccelnode() {
  cpSync(process.execPath, join(first, 'node'));
  const to = join(first, 'accelnode');
  for (const item of ['dist', 'scripts/gpu', 'package.json'])
    cpSync(join(root, item), join(to, item), { recursive: true });
  cpSync(join(root, 'build', 'Release', 'accelnode.node'), join(to, 'build', 'Release', 'accelnode.node'));
  const packages = ask('npm', ['ls', '--omit=dev', '--all', '--parseable']).split('\n');
  // The last one: small-models.mjs writes models with it.
  const needed = [
    ...packages.filter((path) => path.includes('node_modules')),
    join(root, 'node_modules', '@bufbuild', 'protobuf'),
  ];
  for (const folder of needed) {
    cpSync(folder, join(to, relative(root, folder)), { recursive: true });
  }
}

/** Of no use without the builder, and too large for the first parts. */
async function gatherModels() {
  for (const model of options.model) {
    const [path, ...inputs] = model.split(' ');
    const dims = inputs.map((input) => input.split('=')).map(([name, list]) => [name, list.split(',').map(Number)]);
    await addModel(join(builder, 'models'), resolve(modelsFolder, path), Object.fromEntries(dims));
  }
}

/** There may be none there. */
function bringZstd() {
  const program = ask('sh', ['-c', 'command -v zstd']);
  if (program === undefined) throw new Error('zstd was not found; it compresses the parts');
  cpSync(program, join(parts, 'zstd'), { dereference: true });
  for (const [, library] of (ask('ldd', [program]) ?? '').matchAll(/=> (\/\S*lib(?:zstd|lz4|lzma|z)\.\S+)/g)) {
    cpSync(library, join(parts, library.split('/').at(-1)), { dereference: true });
  }
}

function pack(name, folder) {
  say(`Compressing ${name}`);
  // From one shell: what goes through the pipes is of any size.
  const script = 'tar -C "$1" -cf - . | zstd -q -T0 "-$2" --long=31 | split -b "$3" -d -a 3 - "$4"';
  const target = join(parts, `${name}.tar.zst.`);
  run('bash', ['-o', 'pipefail', '-c', script, 'pack', folder, options.level, options['part-size'], target]);
}

async function writeSums() {
  let lines = '';
  for (const name of readdirSync(parts).sort()) lines += `${await hashOf(join(parts, name))}  ${name}\n`;
  writeFileSync(join(parts, 'SHA256SUMS'), lines);
  cpSync(join(dirname(import.meta.filename), 'run.sh'), join(parts, 'run.sh'));
}
