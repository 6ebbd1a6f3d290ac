// `npm run demo`: from a fresh clone to a model that reads images, and how fast it does so on each device.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { fetchOcrModels, ocrModelsFolder } from './setup/ocr-models.mjs';
import { ask, root, run, say } from './setup/process.mjs';
import { build, installDependencies } from './setup/project.mjs';
import { python } from './setup/python.mjs';

const cli = join(root, 'dist', 'cli.js');
const samplesFolder = join(root, 'examples', 'ocr', 'samples');
const model = join(ocrModelsFolder, 'rec.onnx');

/** What the benchmark runs: lines as wide as the ones that the model was trained on. */
const LINE_SHAPE = [3, 48, 320];
const BATCHES = [1, 8];

const begin = performance.now();
let doing = 'looking for the tools that it needs';
try {
  checkTools();
  await step('installing the npm packages', installDependencies);
  await step('building', build);
  // Only now is there a package to use.
  const accelnode = await import('accelnode');
  const { formatTable } = await import('../build-ts/cli/table.js');
  await step('installing the OpenVINO runtime', () => installRuntime(accelnode));
  await step('fetching the model', () => fetchOcrModels(ocrModelsFolder));
  await step('reading the sample lines', () => readSamples(formatTable));
  await step('measuring', () => benchDevices(accelnode, formatTable));
  console.log(`\nAll done in ${seconds(begin)} s. What read the lines is examples/ocr/recognizer.mjs.`);
} catch (error) {
  console.error(`\nThe demo stopped while ${doing}: ${error.message}`);
  if (error.hint !== undefined) console.error(error.hint);
  process.exitCode = 1;
}

/** What no package manager of ours can bring. A missing C++ compiler is for CMake to tell. */
function checkTools() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) throw new Error(`Node 20 or later is needed; this is ${process.versions.node}.`);
  if (ask('cmake', ['--version']) === undefined) {
    throw new Error('CMake was not found. Install it together with a C++17 compiler, and try again.');
  }
  python(); // throws when there is none with pip
}

async function installRuntime({ runtime }) {
  const show = ({ version, library }) => console.log(`\nOpenVINO ${version} in ${library}`);
  try {
    show(await runtime('openvino'));
  } catch (error) {
    const chosen = process.env.ACCELNODE_OPENVINO_LIBRARY !== undefined;
    if (chosen || !['RUNTIME_NOT_FOUND', 'RUNTIME_INCOMPATIBLE'].includes(error.code)) throw error;
    say('Installing the OpenVINO runtime');
    run(process.execPath, [cli, 'runtime', 'install', 'openvino']);
    show(await runtime('openvino'));
  }
}

async function readSamples(formatTable) {
  const { Recognizer } = await import('../examples/ocr/recognizer.mjs');
  const { default: sharp } = await import('sharp');
  const truth = JSON.parse(readFileSync(join(samplesFolder, 'truth.json'), 'utf8'));
  const files = Object.keys(truth);
  const paths = files.map((file) => join(samplesFolder, file));

  say('Reading the sample lines');
  const recognizer = await Recognizer.load(model);
  const readBegin = performance.now();
  const readings = await recognizer.readAll(paths);
  const time = seconds(readBegin);
  const rows = [];
  for (const [i, file] of files.entries()) {
    const { width } = await sharp(paths[i]).metadata();
    const { text, confidence } = readings[i];
    rows.push([file, width, truth[file], text, confidence.toFixed(3), text === truth[file] ? 'yes' : 'NO']);
  }
  console.log(formatTable(['file', 'width', 'written there', 'read', 'confidence', 'equal'], rows));
  const equal = rows.filter((row) => row[5] === 'yes').length;
  console.log(`\n${equal} of ${files.length} lines equal; read in ${time} s on ${recognizer.session.device}.`);
  await recognizer.close();
}

async function benchDevices({ devices }, formatTable) {
  say(`Measuring text recognition, lines of ${LINE_SHAPE.join(' x ')}`);
  const head = ['device', 'batch', 'inferences/s', 'lines/s', 'p50 ms', 'p90 ms', 'p99 ms', 'compile ms', 'first ms'];
  const table = [];
  const failures = [];
  for (const { id } of await devices()) {
    for (const batch of BATCHES) {
      const { error, rows: [row] = [] } = bench(id, batch);
      if (error !== undefined) {
        failures.push(`${id}, batch ${batch}: ${error.message}`);
        continue;
      }
      const { throughput, samplesPerSecond, latency, compile, firstInference } = row;
      const { p50, p90, p99 } = latency;
      const figures = [throughput, samplesPerSecond, p50, p90, p99, compile, firstInference];
      table.push([id, batch, ...figures.map((value) => value.toFixed(1))]);
    }
  }
  console.log(formatTable(head, table));
  for (const failure of failures) console.log(`\nnot measured: ${failure}`);
}

/** What `accelnode bench` says of one configuration. It prints JSON also when it fails. */
function bench(device, batch) {
  const shape = `x=${[batch, ...LINE_SHAPE].join(',')}`;
  const args = [cli, 'bench', model, '--device', device, '--shape', shape, '--json'];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  try {
    return JSON.parse(stdout);
  } catch {
    return { error: { message: stderr.trim() || 'it ended without a result' } };
  }
}

/** Does a step, and says how long it took, if it had anything to do. */
async function step(what, action) {
  doing = what;
  const stepBegin = performance.now();
  await action();
  const time = seconds(stepBegin);
  if (Number(time) > 0) console.log(`   (${time} s)`);
}

function seconds(since) {
  return ((performance.now() - since) / 1000).toFixed(1);
}
