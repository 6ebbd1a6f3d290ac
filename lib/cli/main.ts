#!/usr/bin/env node
/** The `accelnode` command. */
import { Command, CommanderError } from 'commander';

import packageJson = require('../../package.json');
import { addRuntimeCommand } from './runtime.js';
import { EXIT_USAGE, reportError } from './output.js';

async function main(): Promise<void> {
  const program = new Command('accelnode')
    .description(packageJson.description)
    .version(packageJson.version)
    .exitOverride()
    .showHelpAfterError('(add --help for what there is)');
  addRuntimeCommand(program);

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
