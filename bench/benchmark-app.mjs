// OpenVINO's own benchmark_app. It can't be told to take turns: each of its turns is a process.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { setupFolder } from '../scripts/setup/process.mjs';
import { python } from '../scripts/setup/python.mjs';

const packages = join(setupFolder, 'python', 'bench');

/**
 * Runs a second per second asked for.
 * @param {{ file: string, dims: number[] }} model
 * @param {{ lanes: number, seconds: number, openvino: string, hint?: 'latency' | 'throughput' }} options `openvino` is the
 * build that it must be of
 * @returns {Promise<{ runs: number, perSecond: number, median: number }>} `median`: latency in milliseconds
 */
export async function benchmarkApp({ file, dims, inputs }, { lanes, seconds, openvino, hint = 'throughput' }) {
  const args = [
    ...['-m', file, '-d', 'CPU', '-hint', hint, '-nireq', String(lanes), '-api', 'async'],
    ...['-infer_precision', 'f32', '-inference_only', 'True', '-t', String(seconds)],
    ...(dims.length > 0 ? ['-data_shape', inputs.map((input) => `${input}[${dims}]`).join(',')] : []),
  ];
  const output = await outputOf(python(), [join(packages, 'bin', 'benchmark_app'), ...args]);
  const [, build] = /Build \.+ (\S+)/.exec(output) ?? [];
  if (build !== openvino) throw new Error(`benchmark_app is of OpenVINO ${build}, the rest of ${openvino}`);
  const [, count] = /Count:\s+(\d+) iterations/.exec(output);
  const [, perSecond] = /Throughput:\s+([\d.]+) FPS/.exec(output);
  const [, median, unit] = /Median:\s+([\d.]+) (ms|us)/.exec(output);
  return { runs: Number(count), perSecond: Number(perSecond), median: Number(median) / (unit === 'us' ? 1000 : 1) };
}

async function outputOf(command, args) {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(`benchmark_app ended with ${code}: ${output.trim().split('\n').at(-1)}`);
  return output;
}
