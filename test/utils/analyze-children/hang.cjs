// A child whose main thread never comes back, as of a vendor's library that is stuck.
const { join } = require('node:path');
const { Worker } = require('node:worker_threads');

new Worker(join(__dirname, '..', '..', '..', 'dist', 'analyze-guard.js')).once('online', () => {
  process.once('message', ({ pidFile }) => {
    if (pidFile !== undefined) require('node:fs').writeFileSync(pidFile, String(process.pid));
    for (;;);
  });
});
