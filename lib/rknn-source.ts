/** A .rknn model is for one chip; which of several it is, the board decides. */
import { backends } from './backends.js';
import { devicesOf } from './devices.js';
import { AccelError } from './errors.js';
import type { NativeModelSource } from './native/addon.js';

/** A chip that .rknn models are converted for. */
export type RknnTarget = 'rk3566' | 'rk3568' | 'rk3576' | 'rk3588';

/** The chips whose NPUs librknnrt drives from here. */
export const rknnTargets: readonly RknnTarget[] = ['rk3566', 'rk3568', 'rk3576', 'rk3588'];

export function isRknnTarget(name: unknown): name is RknnTarget {
  return (rknnTargets as readonly unknown[]).includes(name);
}

/** What to do with a model that is no .rknn, or not for this chip. */
export function howToConvert(target = 'rk3588'): string {
  return `Convert it: npx accelnode compile model.onnx --device rknn:${target}, with rknn-toolkit2 in your Python.`;
}

/**
 * The model for this board.
 * @throws `DEVICE_NOT_FOUND` where there is no NPU; `MODEL_UNSUPPORTED` when the model was not given for its chip
 */
export async function chooseForChip(
  models: Readonly<Partial<Record<RknnTarget, NativeModelSource>>>,
  library: string | undefined,
): Promise<NativeModelSource> {
  const { present, absent } = await devicesOf('rknn', library);
  const chip = present[0]?.details?.['soc'];
  if (!isRknnTarget(chip)) {
    const { reason, hint } = absent[0] ?? {};
    throw new AccelError('DEVICE_NOT_FOUND', `${backends.rknn.product} finds no device. ${reason ?? ''}`.trim(), {
      hint,
    });
  }
  const model = models[chip];
  if (model !== undefined) return { ...model, spec: { soc: chip } };
  throw new AccelError(
    'MODEL_UNSUPPORTED',
    `The model was given for ${Object.keys(models).join(', ')}; this board's chip is ${chip}.`,
    { hint: howToConvert(chip) },
  );
}
