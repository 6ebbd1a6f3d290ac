/** A placement as a file for the program that loads the models. */
import type { Placement } from './types.js';

/** What is written; documented in docs/guides/planning.md. */
export interface HostConfiguration {
  format: 'accelnode-host';
  version: 1;
  devices: {
    /** The device's name in the placement: one of this machine, as `Session.load` takes it, or a number of its kind. */
    device: string;
    kind: string;
    models: {
      model: string;
      configuration?: string;
      batch?: number;
      lanes?: number;
      precision?: string;
      /** What this copy is to carry. */
      rate?: number;
      memoryMB: number;
    }[];
  }[];
}

export function hostConfiguration({ devices }: Placement): HostConfiguration {
  return {
    format: 'accelnode-host',
    version: 1,
    devices: devices.map(({ device, kind, placed }) => ({
      device,
      kind,
      models: placed.map(({ model, rate, configuration: { name, batch, lanes, precision, memoryMB } }) => ({
        model,
        ...(name === undefined ? {} : { configuration: name }),
        ...(batch === undefined ? {} : { batch }),
        ...(lanes === undefined ? {} : { lanes }),
        ...(precision === undefined ? {} : { precision }),
        ...(rate === undefined ? {} : { rate }),
        memoryMB,
      })),
    })),
  };
}
