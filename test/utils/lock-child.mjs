// Takes the lock that its argument names, prints `locked`, and ends when a line comes on standard input, without having
// given it back.
import { once } from 'node:events';
import { createRequire } from 'node:module';

const { takeLock } = createRequire(import.meta.url)('../../build-ts/lock-folder.js');

await takeLock(process.argv[2], { onLost: () => console.log('lost') });
console.log('locked');
await once(process.stdin, 'data');
process.exit();
