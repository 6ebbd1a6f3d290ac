// Installs the release that the argument describes, in a process of its own. Prints a line for each step that
// begins, then one line of JSON: the result or the error.
import { createRequire } from 'node:module';

const { installRelease } = createRequire(import.meta.url)('../../build-ts/runtimes/install.js');

let last;
try {
  const result = await installRelease(JSON.parse(process.argv[2]), {
    onProgress: ({ step }) => {
      if (step !== last) console.log(step);
      last = step;
    },
  });
  console.log(JSON.stringify({ changed: result.changed, signalListeners: process.listenerCount('SIGINT') }));
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message }));
  process.exitCode = 1;
}
