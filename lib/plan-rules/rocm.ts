/** What a compiled model of MIGraphX's (.mxr) depends on. */
import type { PlanRules } from './rules.js';

export const rocmRules: PlanRules = {
  facts: ({ rocm = {} }, runtime, { arch, details }) => ({
    hip: runtime.details?.['hip'],
    // Kernels are made for one architecture, and chosen by how much of it there is.
    arch,
    computeUnits: details?.['computeUnits'],
    fastMath: rocm.fastMath ?? true,
    exhaustiveTune: rocm.exhaustiveTune ?? false,
    offloadCopy: rocm.offloadCopy ?? false,
    loopIterations: rocm.loopIterations ?? 10,
  }),
  unkept: ({ rocm }) =>
    rocm?.calibration === undefined
      ? undefined
      : 'Calibration batches can not be told apart. Session.export writes what was compiled to a file.',
  opensWithModel: true,
};
