import type { Command } from '../third-party/commander.js';

import { devices } from '../index.js';
import { formatBytes, formatTable, print, printJson } from './output.js';

/** `accelnode devices` */
export function addDevicesCommand(program: Command): void {
  program
    .command('devices')
    .description('the devices that can run models, the ones that "auto" prefers first')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const found = await devices();
      if (json === true) {
        printJson(found);
      } else if (found.length === 0) {
        print('No device was found. `accelnode doctor` says what each backend needs.');
      } else {
        const rows = found.map(({ id, kind, name, memoryTotal, driver, automatic }) => [
          id,
          kind,
          name ?? '',
          memoryTotal === undefined ? '' : formatBytes(memoryTotal),
          driver ?? '',
          automatic ? 'yes' : 'when named',
        ]);
        print(formatTable(['device', 'kind', 'name', 'memory', 'driver', 'auto'], rows));
      }
    });
}
