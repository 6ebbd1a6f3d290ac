#!/usr/bin/env node
/** The `accelnode` command. */
import { Command, CommanderError, Help } from '../third-party/commander.js';
import type { Option } from '../third-party/commander.js';

import packageJson = require('../../package.json');
import { AccelError } from '../index.js';
import { addAnalyzeCommand } from './analyze.js';
import { addBenchCommand } from './bench.js';
import { addCacheCommand } from './cache.js';
import { addCompileCommand } from './compile.js';
import { addDevicesCommand } from './devices.js';
import { addDoctorCommand } from './doctor.js';
import { addInspectCommand } from './inspect.js';
import { addPlanCommand } from './plan.js';
import { addRunCommand } from './run.js';
import { addRuntimeCommand } from './runtime.js';
import { addVerifyCommand } from './verify.js';
import { exitCodeOfSignal } from './interrupt.js';
import { EXIT_FAILED, EXIT_USAGE, reportError } from './output.js';
import { reasonOf } from '../runtimes/failures.js';

async function main(): Promise<void> {
  // Whoever reads JSON gets JSON in every case, also when the arguments can't be read.
  const json = process.argv.includes('--json');
  // What reads our output may end before we do: `accelnode doctor | head -1`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    process.stderr.write(`error: Can't write to the standard output: ${reasonOf(error)}.\n`);
    process.exit(EXIT_FAILED);
  });
  // And what it says of its progress is for somebody who may have gone: `accelnode bench … 2>&1 | head -1`.
  process.stderr.on('error', () => undefined);
  const program = new Command('accelnode')
    .description(packageJson.description)
    .version(packageJson.version)
    .exitOverride()
    .configureHelp({ optionDescription: describeOption })
    .configureOutput(json ? { writeErr: () => undefined } : {})
    .showHelpAfterError('(add --help for what there is)');
  addDoctorCommand(program);
  addDevicesCommand(program);
  addRuntimeCommand(program);
  addInspectCommand(program);
  addCompileCommand(program);
  addCacheCommand(program);
  addRunCommand(program);
  addBenchCommand(program);
  addPlanCommand(program);
  addAnalyzeCommand(program);
  addVerifyCommand(program);

  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      const code = reportError(error, json);
      const cancelled = error instanceof AccelError && error.code === 'CANCELLED';
      process.exitCode = (cancelled ? exitCodeOfSignal() : undefined) ?? code;
    } else if (error.exitCode !== 0) {
      process.exitCode = json ? reportError(wrongUsage(error), json) : EXIT_USAGE; // else it has printed it
    }
  }
}

/** As commander does it, but for options that may be repeated: that they begin as an empty list is no default to tell. */
function describeOption(this: Help, option: Option): string {
  const defaultValue = option.defaultValue as unknown;
  const isEmpty = typeof defaultValue === 'object' && defaultValue !== null && Object.keys(defaultValue).length === 0;
  const shown = isEmpty ? Object.assign(Object.create(option) as Option, { defaultValue: undefined }) : option;
  return Help.prototype.optionDescription.call(this, shown);
}

function wrongUsage({ code, message }: CommanderError): AccelError {
  const what = code === 'commander.help' ? 'No command was given.' : message.replace(/^error: /, '');
  return new AccelError('INVALID_ARGUMENT', what, { hint: 'Add --help for what there is.' });
}

void main();
