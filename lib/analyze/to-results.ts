import { RESULTS_FORMAT, RESULTS_VERSION } from '../results/results.js';
import type { Results } from '../results/results.js';
import type { Analysis } from './analysis.js';
import { describeConfiguration, nameOf } from './configuration.js';

/** An analysis as `bench` writes its results, each row with what became of the limits and of the verification. */
export function toResults({ environment, measurements, complete }: Analysis): Results {
  return {
    format: RESULTS_FORMAT,
    version: RESULTS_VERSION,
    environment,
    ...(complete ? {} : { interrupted: true }),
    rows: measurements.flatMap((each) => {
      if (each.outcome !== 'measured') return [];
      const { row, satisfies, verification } = each;
      return [
        {
          ...row,
          ...(satisfies === undefined ? {} : { satisfies }),
          ...(verification === undefined ? {} : { verified: verification.passed }),
        },
      ];
    }),
    failures: measurements.flatMap((each) => {
      if (each.outcome === 'measured') return [];
      const { configuration, code, outcome, reason } = each;
      return [
        {
          configuration: `${nameOf(configuration.model)} on ${configuration.device}, ${describeConfiguration(configuration)}`,
          code: code ?? outcome,
          message: reason,
        },
      ];
    }),
  };
}
