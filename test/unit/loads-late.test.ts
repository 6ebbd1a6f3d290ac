/** What few programs need, or need only later, is not loaded together with the package. */
import { expect, it } from 'vitest';

import { runScript } from '../utils/child.js';

it('loads the packages that check options when a model is loaded', async () => {
  const { stdout, stderr } = await runScript(`
    import { createRequire } from 'node:module';
    import { basename } from 'node:path';
    const require = createRequire(process.cwd() + '/package.json');
    const print = () => {
      const files = Object.keys(require.cache).filter((file) => /third-party/.test(file));
      console.log(files.map((file) => basename(file, '.js')).sort().join(' '));
    };
    const { Session } = require('accelnode');
    print();
    const inputs = [{ name: 'x', type: 'float32', shape: [1] }];
    const session = await Session.load({ null: { model: 'echo', inputs } }, { device: 'null:0' });
    print();
    await session.close();
  `);
  expect(stderr).toBe('');
  const [before, after] = stdout.split('\n');
  expect(before).toBe('protobuf-wire semver simple-statistics');
  expect(after!.split(' ')).toContain('zod');
});

it('prints the tables of the demo without the package, which the demo has as published', async () => {
  const { stdout, stderr } = await runScript(`
    import { createRequire } from 'node:module';
    import { readFileSync } from 'node:fs';
    import { join } from 'node:path';
    const require = createRequire(process.cwd() + '/package.json');
    const [, part] = /import\\('\\.\\.(\\/build-ts\\/.*?)'\\)/.exec(readFileSync('scripts/demo.mjs', 'utf8'));
    console.log(require('.' + part).formatTable(['a'], [['b']]));
    console.log(Object.keys(require.cache).some((file) => file.endsWith(join('native', 'addon.js'))));
  `);
  expect(stderr).toBe('');
  expect(stdout).toBe('a\nb\nfalse\n');
});
