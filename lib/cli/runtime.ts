import type { Command } from 'commander';

import { runtimes } from '../index.js';
import { printJson } from './output.js';

/** `accelnode runtime list | install | remove | path` */
export function addRuntimeCommand(program: Command): void {
  const command = program.command('runtime').description('vendor runtimes in your runtimes folder');
  command.command('list').action(async () => printJson(await runtimes()));
}
