import lockfile = require('proper-lockfile');
// The same copy that proper-lockfile has loaded.
import signalExit = require('signal-exit');

export { lockfile, signalExit };
