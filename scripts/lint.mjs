// Format, style and types of everything in the repository. --fix formats.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { bin, root } from './setup/process.mjs';
import { installDependencies } from './setup/project.mjs';
import { installPython } from './setup/python.mjs';

const fix = process.argv.includes('--fix');

installDependencies();
const tools = installPython('tools');
const clangFormat = join(
  tools,
  'clang_format',
  'data',
  'bin',
  process.platform === 'win32' ? 'clang-format.exe' : 'clang-format',
);
const zizmor = join(tools, 'bin', process.platform === 'win32' ? 'zizmor.exe' : 'zizmor');
const listing = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
});
if (listing.status !== 0) throw new Error(`git can't say which files there are: ${listing.stderr}`);
// One that was removed is listed until that is committed.
const tracked = listing.stdout
  .trim()
  .split('\n')
  .filter((file) => existsSync(join(root, file)));
const cpp = tracked.filter((file) => /\.(c|cc|h)$/.test(file));
const workflows = tracked.filter((file) => /^\.github\/workflows\/.*\.yml$/.test(file));

/** Names of checks, each with the command that makes it. */
const checks = [
  ['TypeScript, lib', bin('tsc'), ['--noEmit']],
  ['TypeScript, tests', bin('tsc'), ['--noEmit', '-p', 'test']],
  ['TypeScript, a user of the package', bin('tsc'), ['--noEmit', '-p', 'test/types']],
  ['ESLint', bin('eslint'), ['.', ...(fix ? ['--fix'] : [])]],
  ['Prettier', bin('prettier'), [fix ? '--write' : '--check', '--log-level', 'warn', '.']],
  ...workflows.map((file) => [`the form of ${file}`, bin('action-validator'), [file]]),
  ['the safety of workflows', zizmor, ['--offline', '--quiet', ...workflows]],
  ['clang-format', clangFormat, [...(fix ? ['-i'] : ['--dry-run', '-Werror']), ...cpp]],
];

const failed = [];
for (const [name, command, args] of checks) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  const passed = status === 0 && error === undefined;
  if (!passed) failed.push(name);
  console.log(`${passed ? 'ok    ' : 'FAILED'}  ${name}`);
}

/** What no text of the repository may have in it. */
const banned = [
  // Downloads go through the user's own clients, as the user has configured them.
  ['address of a package registry', /https?:\/\/[\w.-]*(pypi|pythonhosted|npmjs|maven|debian|crates|golang)/],
  ['mark of a merge that was not resolved', /^(<{7}|>{7}) /m],
];
const texts = tracked.filter((file) => !/\.(png|npy|onnx)$/.test(file));
for (const [what, pattern] of banned) {
  const found = texts.filter((file) => pattern.test(readFileSync(join(root, file), 'utf8')));
  if (found.length > 0) failed.push(what);
  console.log(`${found.length === 0 ? 'ok    ' : 'FAILED'}  no ${what} ${found.join(', ')}`);
}

console.log(`\nlint: ${checks.length + banned.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
