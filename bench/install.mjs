// How long `npm install` takes with an empty cache, and what it leaves on the disk: accelnode beside onnxruntime-node, in turns.
// `npm run bench:install [-- --rounds 5 --breakdown --json]`. docs/packaging.md says how to read it.
//
// Both are packed files, so that the network brings their dependencies alone, and both are installed without scripts:
// accelnode has none, and that of onnxruntime-node fetches GPU libraries. It is tried once, for what it costs.
import { cpus, loadavg } from 'node:os';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { emptyFolder, npm, packPackage } from '../scripts/setup/package.mjs';
import { root, run } from '../scripts/setup/process.mjs';
import { progress } from './prepare.mjs';
import { quartiles } from './statistics.mjs';

/** Seconds. */
const TARGET = 3;
/** Milliseconds after which an install script that waits for the network is given up. */
const PATIENCE = 120_000;

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, breakdown: { type: 'boolean' }, json: { type: 'boolean' } },
});
const folder = emptyFolder();
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let installs = 0;

const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const peer = `onnxruntime-node@${JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages['node_modules/onnxruntime-node'].version}`;
const contestants = { accelnode: packPackage(folder).tarball, [peer]: packPeer() };

const times = { accelnode: [], [peer]: [] };
const disk = {};
for (let round = 0; round < Number(values.rounds); round++) {
  // In turns, the other one first each time, so that both meet the same network.
  const order = Object.keys(contestants);
  for (const name of round % 2 === 0 ? order : order.reverse()) {
    const { seconds, project } = install(contestants[name]);
    times[name].push(seconds);
    disk[name] ??= diskUse(join(project, 'node_modules'));
    progress(`  round ${round + 1}: ${name} ${seconds.toFixed(2)} s`);
    rmSync(project, { recursive: true });
  }
}

const result = {
  machine: { cores: cpus().length, load: loadavg()[0] },
  target: TARGET,
  seconds: Object.fromEntries(Object.entries(times).map(([name, seconds]) => [name, quartiles(seconds)])),
  ratio: quartiles(times.accelnode.map((seconds, i) => seconds / times[peer][i])),
  disk,
  peersScript: tryScript(),
  ...(values.breakdown ? { dependencies: breakdown() } : {}),
};
if (values.json) console.log(JSON.stringify(result, null, 2));
else print(result);
process.exitCode = result.seconds.accelnode.median <= TARGET ? 0 : 1;

function packPeer() {
  const args = npm('npm', ['pack', '--silent', '--pack-destination', folder, peer]);
  run(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  return join(folder, `${peer.replace('@', '-')}.tgz`);
}

/** Installs into an empty project, with an empty cache. */
function install(wanted, { scripts = false, timeout } = {}) {
  const project = join(folder, `project-${installs++}`);
  const cache = join(project, 'cache');
  mkdirSync(cache, { recursive: true });
  const args = [
    'install',
    '--silent',
    '--no-audit',
    '--no-fund',
    `--ignore-scripts=${!scripts}`,
    '--cache',
    cache,
    wanted,
  ];
  const began = performance.now();
  const { status, signal, stderr } = spawnSync(process.execPath, npm('npm', args), {
    cwd: project,
    timeout,
    encoding: 'utf8',
  });
  const seconds = (performance.now() - began) / 1000;
  if (!scripts && status !== 0) throw new Error(`npm install ${wanted} ended with ${signal ?? status}: ${stderr}`);
  return { seconds, project, status, signal };
}

/** What onnxruntime-node's own install script comes to here. */
function tryScript() {
  const { seconds, status, signal, project } = install(contestants[peer], { scripts: true, timeout: PATIENCE });
  rmSync(project, { recursive: true, force: true });
  const outcome = signal !== null ? 'given up' : status === 0 ? 'installed' : `failed, exit code ${status}`;
  return { seconds, outcome };
}

/** What each dependency costs by itself: a cold install, and its bytes with its own dependencies. */
function breakdown() {
  return Object.entries(packageJson.dependencies).map(([name, range]) => {
    const { seconds, project } = install(`${name}@${range}`);
    const { bytes, files } = diskUse(join(project, 'node_modules'));
    rmSync(project, { recursive: true });
    return { name, seconds, bytes, files };
  });
}

function diskUse(modules) {
  const names = readdirSync(modules, { recursive: true, encoding: 'utf8' });
  const sizes = names.map((name) => statSync(join(modules, name))).filter((each) => each.isFile());
  return { bytes: sizes.reduce((sum, { size }) => sum + size, 0), files: sizes.length };
}

function print({ machine, seconds, ratio, disk: used, peersScript, dependencies = [] }) {
  const mb = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  console.log(
    '\n| cold install, without scripts | median s | quarters | on the disk | files |\n| --- | --- | --- | --- | --- |',
  );
  for (const [name, { median, low, high }] of Object.entries(seconds)) {
    const { bytes, files } = used[name];
    console.log(
      `| ${name} | ${median.toFixed(2)} | ${low.toFixed(2)} to ${high.toFixed(2)} | ${mb(bytes)} | ${files} |`,
    );
  }
  console.log(
    `\n${machine.cores} cores; on average ${machine.load.toFixed(1)} processes wanted one in the last minute.`,
  );
  console.log(`accelnode takes ${ratio.median.toFixed(2)} times as long; at most ${TARGET} s are wanted.`);
  console.log(`${peer} with its install script: ${peersScript.outcome} after ${peersScript.seconds.toFixed(1)} s.`);
  if (dependencies.length === 0) return;
  console.log('\n| dependency alone | s | on the disk | files |\n| --- | --- | --- | --- |');
  for (const { name, seconds: alone, bytes, files } of dependencies.sort((a, b) => b.bytes - a.bytes))
    console.log(`| ${name} | ${alone.toFixed(2)} | ${mb(bytes)} | ${files} |`);
}
