// A load through the plan cache with a compiler of our own, in a process of its own. The argument is JSON:
// { folder, key, dieWhileSaving? }. Prints `building`, and builds when a line comes on standard input; prints `waiting`
// when another process is building; then one line of JSON: what came of it.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { writeFileSync, readFileSync } from 'node:fs';

const { loadThroughCache } = createRequire(import.meta.url)('../../build-ts/plan-cache/cached-load.js');
const { folder, key, dieWhileSaving = false } = JSON.parse(process.argv[2]);

try {
  const result = await loadThroughCache({
    folder,
    key: async () => key,
    extension: 'plan',
    description: { model: 'model.onnx', backend: 'test', facts: {} },
    limit: 1e9,
    open: async (file) => readFileSync(file, 'utf8'),
    build: async () => {
      console.log('building');
      await once(process.stdin, 'data');
      return `built by ${process.pid}`;
    },
    save: async (built, path) => {
      writeFileSync(path, built);
      if (!dieWhileSaving) return;
      console.log('saving');
      await once(process.stdin, 'data');
    },
    onWait: () => console.log('waiting'),
  });
  console.log(JSON.stringify({ ...result, pid: process.pid }));
} catch (error) {
  console.log(JSON.stringify({ error: error.message }));
}
process.stdin.destroy();
