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
      /** Its file, as the table has it. */
      path?: string;
      configuration?: string;
      batch?: number;
      lanes?: number;
      precision?: string;
      /** Of each input, the batch included. */
      shapes?: Readonly<Record<string, readonly number[]>>;
      /** Requests in flight at all times, for what was measured. */
      concurrency?: number;
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
      models: placed.map(({ model, rate, configuration }) => {
        const { name, path, batch, lanes, precision, shapes, concurrency, memoryMB } = configuration;
        return {
          model,
          ...(path === undefined ? {} : { path }),
          ...(name === undefined ? {} : { configuration: name }),
          ...(batch === undefined ? {} : { batch }),
          ...(lanes === undefined ? {} : { lanes }),
          ...(precision === undefined ? {} : { precision }),
          ...(shapes === undefined ? {} : { shapes }),
          ...(concurrency === undefined ? {} : { concurrency }),
          ...(rate === undefined ? {} : { rate }),
          memoryMB,
        };
      }),
    })),
  };
}
