/** Suites that need a real OpenVINO. */
import { AccelError, runtime } from 'accelnode';
import type { Runtime } from 'accelnode';
import { describe } from 'vitest';

/** The runtime that this process has opened, or why it has none. */
export const openvino: Runtime | AccelError = await runtime('openvino').catch((error: unknown) => {
  if (error instanceof AccelError) return error;
  throw error;
});

/** Its version, such as `2026.4.1`; empty when there is none. */
export const openvinoVersion = 'version' in openvino ? openvino.version.replace(/-.*/, '') : '';

/** A suite that is skipped, with the reason in its name, where there is no OpenVINO. */
export function describeOpenvino(title: string, suite: () => void): void {
  if (openvino instanceof AccelError) describe.skip(`${title} (skipped: ${openvino.message.split('\n')[0]})`, suite);
  else describe(`${title}, OpenVINO ${openvinoVersion}`, suite);
}
