import type { Command } from '../third-party/commander.js';

import {
  AccelError,
  installRuntime,
  installedRuntimes,
  removeRuntime,
  runtimeReleases,
  runtimesFolder,
} from '../index.js';
import type { InstallProgress, InstallResult, RuntimeRelease } from '../index.js';
import { installableNames, variableOf } from '../runtimes/manifest.js';
import { interruptible } from './interrupt.js';
import { Progress, formatBytes, formatTable, print, printJson } from './output.js';

interface JsonOption {
  json?: true;
}

interface InstallCommandOptions extends JsonOption {
  force?: true;
  python?: string;
}

const STEPS: Readonly<Record<InstallProgress['step'], string>> = {
  wait: 'Waiting for another accelnode',
  download: 'Downloading',
  unpack: 'Unpacking',
};

/** `accelnode runtime list | install | remove | path` */
export function addRuntimeCommand(program: Command): void {
  const command = program.command('runtime').description('vendor runtimes in your runtimes folder');
  command
    .command('list')
    .description('what is installed and what can be, and which one is used')
    .option('--json', 'print JSON')
    .action(list);
  command
    .command('install')
    .description(
      "fetch a runtime with your own pip, npm or Maven, e.g. `openvino`, `openvino@2024.6.0`; that program's settings " +
        'decide from where',
    )
    .argument('<runtime[@version]>', 'without a version: the newest that suits this machine')
    .option('--force', 'install again what is there already')
    .option('--python <command>', 'the Python whose pip is used (default: ACCELNODE_PYTHON, python3, python)')
    .option('--json', 'print JSON')
    .action(install);
  command
    .command('remove')
    .description('remove a runtime')
    .argument('<runtime[@version]>', 'without a version: all of them')
    .option('--json', 'print JSON')
    .action(remove);
  command
    .command('path')
    .description('print the runtimes folder, or the folder of the runtime that is used')
    .argument('[runtime[@version]]')
    .option('--json', 'print JSON')
    .action(path);
}

function list({ json }: JsonOption): void {
  const releases = runtimeReleases();
  if (json) {
    printJson({ folder: runtimesFolder(), runtimes: releases });
    return;
  }
  print(
    formatTable(
      ['runtime', 'version', 'state', 'download', 'on disk'],
      releases.map((release) => [
        release.name,
        release.version,
        stateOf(release),
        release.downloadSize === undefined ? '' : formatBytes(release.downloadSize),
        release.installedSize === undefined ? '' : formatBytes(release.installedSize),
      ]),
    ),
  );
  print();
  for (const reason of new Set(releases.flatMap((release) => release.reason ?? []))) print(reason);
  print(`Runtimes folder: ${runtimesFolder()}`);
  // The CUDA runtime that lies in the runtimes folder is used by a TensorRT that is named, too.
  for (const name of new Set(releases.map((release) => release.name).filter((each) => each !== 'cuda'))) {
    const variable = variableOf(name);
    if (process.env[variable]) print(`${variable} is set: ${process.env[variable]} is used for ${name}.`);
  }
}

function stateOf({ folder, used, unless, reason }: RuntimeRelease): string {
  if (used) return `installed, used${unless === undefined ? '' : ` unless there is ${unless}`}`;
  if (folder !== undefined) return 'installed';
  return reason === undefined ? 'can be installed' : 'not for this machine';
}

async function install(runtime: string, { json, force, python }: InstallCommandOptions): Promise<void> {
  const { name, version } = parseRuntime(runtime);
  const progress = new Progress(json);
  let result: InstallResult;
  try {
    let told = json === true;
    result = await interruptible((signal) =>
      installRuntime(name, {
        version,
        force,
        python,
        signal,
        onProgress: (event) => {
          if (!told) tellSource(name, event);
          told = true;
          progress.update(STEPS[event.step], event.done, event.total);
        },
      }),
    );
  } finally {
    progress.stop();
  }
  if (json) printJson(result);
  else
    print(`${name} ${result.version} ${result.changed ? 'is installed' : 'was installed already'}: ${result.folder}`);
}

function tellSource(name: string, { version, source, client }: InstallProgress): void {
  process.stderr.write(`${name} ${version} (${source}), fetched by ${client}\n`);
}

async function remove(runtime: string, { json }: JsonOption): Promise<void> {
  const { name, version } = parseRuntime(runtime);
  const removed = await removeRuntime(name, version);
  if (json) printJson({ removed });
  else for (const each of removed) print(`${each.name} ${each.version} is removed: ${each.folder}`);
}

function path(runtime: string | undefined, { json }: JsonOption): void {
  const folder = runtime === undefined ? runtimesFolder() : folderOf(runtime);
  if (json) printJson({ folder });
  else print(folder);
}

function folderOf(runtime: string): string {
  const { name, version } = parseRuntime(runtime);
  if (!installableNames.includes(name)) {
    throw new AccelError('INVALID_ARGUMENT', `There is no runtime named ${JSON.stringify(name)}.`, {
      hint: `There are: ${installableNames.join(', ')}.`,
    });
  }
  const found = installedRuntimes(name).find((each) => version === undefined || each.version === version);
  if (found === undefined) {
    throw new AccelError('RUNTIME_NOT_FOUND', `${runtime} is not installed in ${runtimesFolder()}.`, {
      hint: `Run \`npx accelnode runtime install ${runtime}\`.`,
    });
  }
  return found.folder;
}

/** `openvino@2026.4.1` */
function parseRuntime(text: string): { name: string; version: string | undefined } {
  const [, name, version] = /^([^@]+)(?:@(.+))?$/.exec(text) ?? [];
  if (name === undefined) {
    throw new AccelError('INVALID_ARGUMENT', `${JSON.stringify(text)} names no runtime.`, {
      hint: 'One is named like openvino or openvino@2025.4.1.',
    });
  }
  return { name, version };
}
