#!/usr/bin/env node
/** The `accelnode` command. */
import { Command, CommanderError } from 'commander';

import packageJson = require('../../package.json');
import { addBenchCommand } from './bench.js';
import { addDevicesCommand } from './devices.js';
import { addDoctorCommand } from './doctor.js';
import { addInspectCommand } from './inspect.js';
import { addRunCommand } from './run.js';
import { addRuntimeCommand } from './runtime.js';
import { EXIT_USAGE, reportError } from './output.js';

async function main(): Promise<void> {
  const program = new Command('accelnode')
    .description(packageJson.description)
    .version(packageJson.version)
    .exitOverride()
    .showHelpAfterError('(add --help for what there is)');
  addDoctorCommand(program);
  addDevicesCommand(program);
  addRuntimeCommand(program);
  addInspectCommand(program);
  addRunCommand(program);
  addBenchCommand(program);

  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
    } else {
      process.exitCode = reportError(error, process.argv.includes('--json'));
    }
  }
}

void main();
