// The package's types in one file: what is public, and none of what it is made of.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes dist/types/ of what tsc has written to `modules`. */
export async function bundleTypes(modules, dist) {
  const { rollup } = await import('rollup');
  const { dts } = await import('rollup-plugin-dts');
  const bundle = await rollup({
    input: join(modules, 'index.d.ts'),
    plugins: [dts()],
    onwarn: (warning) => {
      // Only what is not public uses other packages' types.
      if (warning.code !== 'UNUSED_EXTERNAL_IMPORT') throw new Error(warning.message);
    },
  });
  await bundle.write({ file: join(dist, 'types', 'index.d.ts') });
  await bundle.close();
  // For `import`: the same declarations, so that a Session is a Session whichever way it came.
  writeFileSync(join(dist, 'types', 'index.d.mts'), "export * from './index.js';\n");
}
