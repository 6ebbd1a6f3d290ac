// Joins the cgroup that it is told, and takes memory until the kernel ends it.
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');

process.once('message', (cgroup) => {
  writeFileSync(join(cgroup, 'cgroup.procs'), String(process.pid));
  const taken = [];
  for (;;) taken.push(Buffer.alloc(1 << 24, 1));
});
