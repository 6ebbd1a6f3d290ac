/** Loads that end in every way, in the addon's own code without Node: load_test.cc. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

const source = import.meta.dirname;
const folder = join(source, '..', '..', '.setup', 'native-tests');
/** Where scripts/seeded-mistakes.mjs has made one. */
const tested = process.env.ACCELNODE_NATIVE;

function run(program: string, ...args: string[]): string {
  const { status, signal, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  expect({ status, signal }, `${stdout}${stderr}`).toEqual({ status: 0, signal: null });
  return stdout;
}

// As `npm run test:sanitize`, which builds the same program with sanitizers.
const reason = process.platform === 'linux' ? '' : ' (skipped: it is built on Linux only)';
describe.skipIf(reason !== '')(`loads, without Node${reason}`, () => {
  beforeAll(() => {
    run('cmake', '-S', source, '-B', folder, ...(tested === undefined ? ['-UNATIVE'] : [`-DNATIVE=${tested}`]));
    run('cmake', '--build', folder, '--target', 'load_test', '--parallel', '2');
  }, 300_000);

  it('end as they should, whatever ends them', () => {
    const report = run(join(folder, 'load_test'), '20');
    expect(report.match(/^ok /gm)).toHaveLength(6);
  });
});
