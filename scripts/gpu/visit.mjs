// What is done on a machine with a GPU: docs/gpu-results.md says what that proves. It goes on where something fails, and
// writes what came of it after each step. Without models, which come with the builder, what builds is left out.
//
//   node scripts/gpu/visit.mjs --models FOLDER --out FOLDER [--seconds N]     of each measurement; 0: none
//
// ACCELNODE_CUDA_LIBRARY names TensorRT. FOLDER gets results.json and a version compatible plan. Exit code 0: all as it
// should be.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { AccelError, Session, diagnose } from 'accelnode';
import { difference, readModels, readValues, shapesOf } from './models.mjs';
import { exhaust, serve, services } from './services.mjs';

const { values: options } = parseArgs({
  options: { models: { type: 'string' }, out: { type: 'string' }, seconds: { type: 'string', default: '2' } },
});
const seconds = Number(options.seconds);
const device = 'cuda:0';
const precisions = ['fp32', 'fp16'];
const memories = ['host', 'pinned', 'device'];
const laneCounts = [1, 3];

/** How far an output may be from onnxruntime's, compared with the largest value in it. */
const tolerance = { fp32: 1e-3, fp16: 2e-2 };

/** Nothing larger is brought back. */
const MAX_PLAN = 16 * 2 ** 20;

mkdirSync(options.out, { recursive: true });
const results = { date: new Date().toISOString(), node: process.version, steps: [] };
const models = readModels(options.models);

await step('what there is', async () => {
  const report = (await diagnose()).find(({ name }) => name === 'cuda');
  if (report.devices.length === 0) throw new Error(JSON.stringify(report));
  return report;
});
await step('a garbage plan is refused', async () => {
  const path = join(options.out, 'garbage.plan');
  writeFileSync(path, 'garbage'.repeat(1000));
  try {
    await Session.load(path, { device });
  } catch (error) {
    if (!(error instanceof AccelError) || error.code === 'VENDOR_FAILURE') throw error;
    return { code: error.code, message: error.message };
  } finally {
    rmSync(path);
  }
  throw new Error('it was taken');
});
await step('memory that is exhausted is told', () => exhaust({ device }));
for (const model of models) {
  for (const precision of precisions) await visit(model, precision);
}
if (models.length > 0) await visitServices(models[0]);

const failed = results.steps.filter(({ ok }) => !ok).length;
console.log(`\n${results.steps.length - failed} steps as they should be, ${failed} not`);
if (models.length === 0) console.log('What builds was left out: there are no models, which come with the builder');
process.exitCode = failed === 0 ? 0 : 1;

/** Everything with one engine: it is built once, then loaded as a plan. */
async function visit(model, precision) {
  const name = `${model.file} ${precision}`;
  const plan = join(options.out, `${name.replace(' ', '.')}.plan`);
  const built = await step(`${name}: build`, async () => {
    const begin = performance.now();
    const source = join(options.models, model.file);
    const session = await Session.load(source, { device, precision, shapes: shapesOf(model.inputs) });
    const milliseconds = performance.now() - begin;
    await session.export(plan);
    const { details } = session;
    await session.close();
    return { milliseconds, size: statSync(plan).size, details };
  });
  if (!built) return;
  for (const memory of memories) {
    for (const lanes of laneCounts) {
      for (const graphs of [false, true]) {
        const how = `${name}: ${memory} memory, lanes ${lanes}, graphs ${graphs ? 'on' : 'off'}`;
        await step(`${how}: results`, () => compare(model, plan, { precision, memory, lanes, graphs }));
        if (seconds > 0) await step(`${how}: bench`, () => bench(model, plan, { memory, lanes, graphs }));
      }
    }
  }
  rmSync(plan);
}

/** What else there is to see with one model, and a plan of it that later visits can load. */
async function visitServices(model) {
  const folder = join(options.out, 'service');
  for (const [name, service] of Object.entries(services)) {
    await step(name, () => serve(service, { device, folder, models: options.models, model }));
  }
  for (const excludeLeanRuntime of [true, false]) {
    const how = excludeLeanRuntime ? 'without' : 'with';
    const name = `a version compatible plan ${how} its lean runtime`;
    const plan = join(options.out, `${model.file}.version-compatible-${how}-lean.plan`);
    const built = await step(name, () => buildCompatible(model, plan, excludeLeanRuntime));
    if (!built) continue;
    const load = { precision: 'fp32', memory: 'host', lanes: 1, versionCompatible: true };
    await step(`${name}: results`, () => compare(model, plan, load));
    if (!excludeLeanRuntime || built.size > MAX_PLAN) rmSync(plan);
  }
}

async function buildCompatible({ file, inputs }, plan, excludeLeanRuntime) {
  const session = await Session.load(join(options.models, file), {
    device,
    shapes: shapesOf(inputs),
    cuda: { versionCompatible: true, excludeLeanRuntime },
  });
  try {
    await session.export(plan);
  } finally {
    await session.close();
  }
  return { size: statSync(plan).size };
}

/** Twelve runs at a time, so that all lanes are busy and graphs are replayed. */
async function compare(model, plan, { precision, memory, lanes, graphs, versionCompatible }) {
  const session = await Session.load(plan, { device, lanes, cuda: { graphs, versionCompatible } });
  try {
    const inputs = {};
    for (const [name, input] of Object.entries(model.inputs)) {
      inputs[name] = session.allocate(name, input.dims, { memory });
      await inputs[name].write(readValues(options.models, input));
    }
    const runs = await Promise.all(Array.from({ length: 12 }, () => runInto(session, model, inputs, memory)));
    const worst = {};
    for (const outputs of runs) {
      for (const [name, output] of Object.entries(model.outputs)) {
        const expected = readValues(options.models, output);
        worst[name] = Math.max(worst[name] ?? 0, difference(await outputs[name].read(), expected));
      }
    }
    const wrong = Object.values(worst).some((value) => !(value <= tolerance[precision]));
    if (wrong) throw new Error(`outputs differ from onnxruntime's: ${JSON.stringify(worst)}`);
    return { difference: worst, stats: session.stats() };
  } finally {
    await session.close();
  }
}

function runInto(session, model, inputs, memory) {
  const target = (name, { dims }) => (memory === 'device' ? 'device' : session.allocate(name, dims, { memory }));
  const outputs = Object.entries(model.outputs).map(([name, output]) => [name, target(name, output)]);
  return session.run(inputs, { outputs: Object.fromEntries(outputs) });
}

function bench(model, plan, { memory, lanes, graphs }) {
  const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
  const args = ['bench', plan, '-d', device, '-l', String(lanes), '--memory', memory, '-t', String(seconds), '--json'];
  const shapes = Object.entries(model.inputs).flatMap(([name, { dims }]) => ['-s', `${name}=${dims.join()}`]);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [cli, ...args, ...shapes, ...(graphs ? ['--graphs'] : [])],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(stdout + stderr);
  return JSON.parse(stdout);
}

/** What the work gives, or undefined when it fails. */
async function step(name, work) {
  const begin = performance.now();
  const entry = { name };
  try {
    entry.result = (await work()) ?? null;
    entry.ok = true;
  } catch (error) {
    entry.ok = false;
    entry.error = { code: error.code, message: error.message, hint: error.hint, stack: error.stack };
  }
  entry.milliseconds = performance.now() - begin;
  results.steps.push(entry);
  console.log(`${entry.ok ? 'ok    ' : 'FAILED'}  ${name}${entry.ok ? '' : `: ${entry.error.message}`}`);
  writeFileSync(join(options.out, 'results.json'), JSON.stringify(results, null, 1));
  return entry.ok ? entry.result : undefined;
}
