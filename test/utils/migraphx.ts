/** Suites that need a real MIGraphX. */
import { AccelError, runtime } from 'accelnode';
import type { Runtime } from 'accelnode';
import { describe } from 'vitest';

/** The runtime that this process has opened, or why it has none. */
const migraphx: Runtime | AccelError = await runtime('rocm').catch((error: unknown) => {
  if (error instanceof AccelError) return error;
  throw error;
});

/** Its version, such as `2.14.0`; empty when there is none. */
export const migraphxVersion = 'version' in migraphx ? migraphx.version : '';

/** A suite that is skipped, with the reason in its name, where there is no MIGraphX. */
export function describeMigraphx(title: string, suite: () => void): void {
  if (migraphx instanceof AccelError) describe.skip(`${title} (skipped: ${migraphx.message.split('\n')[0]})`, suite);
  else describe(`${title}, MIGraphX ${migraphxVersion}`, suite);
}
