/** Suites that need a real MIGraphX. */
import { AccelError, runtime } from 'accelnode';
import type { Runtime } from 'accelnode';
import { describe } from 'vitest';

/** The runtime that this process has opened, or why it has none. */
export const migraphxRuntime: Runtime | AccelError = await runtime('rocm').catch((error: unknown) => {
  if (error instanceof AccelError) return error;
  throw error;
});

/** A suite that is skipped, with the reason in its name, where there is no MIGraphX. */
export function describeMigraphx(title: string, suite: () => void): void {
  if (migraphxRuntime instanceof AccelError) {
    describe.skip(`${title} (skipped: ${migraphxRuntime.message.split('\n')[0]})`, suite);
  } else describe(`${title}, MIGraphX ${migraphxRuntime.version}`, suite);
}
