/**
 * Runs on a thread of a child's own, so that it notices the end of the parent also while the child's main thread is stuck
 * in a vendor's library: the pipe between them closes, and the child ends.
 */
import { Socket } from 'node:net';

import { GUARD_FD } from './in-child.js';

const pipe = new Socket({ fd: GUARD_FD, readable: true, writable: false });
pipe.on('error', () => process.kill(process.pid, 'SIGKILL'));
pipe.on('close', () => process.kill(process.pid, 'SIGKILL'));
pipe.resume();
