/** Which backend can work on which platform: what the code decides by is what README.md says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { AccelError } from 'accelnode';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { noRuntimeHere, platformTable, runtimePlatforms } from '../../build-ts/backend-platforms.js';
import { vendorNames } from '../../build-ts/backends.js';
import { addonPlatforms } from '../../build-ts/platform.js';

const readme = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');

/** The cells of a table in Markdown, however it is aligned. */
function cellsOf(table: string): string[][] {
  const rows = table.split('\n').map((row) => row.split('|').map((cell) => cell.trim()));
  return rows.filter((row) => !row.some((cell) => /^-+$/.test(cell)));
}

it('is what README.md says', () => {
  const table = /^\| Backend +\| `linux-x64`[^]*?(?=\n\n)/m.exec(readme)?.[0] ?? '';
  expect(cellsOf(table)).toEqual(cellsOf(platformTable()));
});

it('is known of every vendor', () => expect(Object.keys(runtimePlatforms)).toEqual(vendorNames));

describe('where there is no runtime', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** Makes this process look as if it ran there. */
  function pretend(platform: (typeof addonPlatforms)[number]): void {
    const [system, arch, libc] = platform.split('-') as [NodeJS.Platform, NodeJS.Architecture, string?];
    vi.spyOn(process, 'platform', 'get').mockReturnValue(system);
    vi.spyOn(process, 'arch', 'get').mockReturnValue(arch);
    const header = system === 'linux' && libc === undefined ? { glibcVersionRuntime: '2.28' } : {};
    vi.spyOn(process.report, 'getReport').mockReturnValue({ header });
  }

  it.each(addonPlatforms)('on %s, that is said, and nowhere else', (platform) => {
    pretend(platform);
    const row = cellsOf(platformTable());
    const column = row[0]!.indexOf(`\`${platform}\``);
    for (const [at, name] of vendorNames.entries()) {
      const error = noRuntimeHere(name);
      expect(error !== undefined, name).toBe(row[at + 1]![column] === '–');
      if (error === undefined) continue;
      expect(error).toBeInstanceOf(AccelError);
      expect(error).toMatchObject({ code: 'UNSUPPORTED', backend: name, libraries: [] });
      expect(error.message).toMatch(/^There is no .+ for (linux|win32|darwin)-\w+( with musl)?\. \S.*\.$/);
      expect(error.hint).toContain(`ACCELNODE_${name.toUpperCase()}_LIBRARY`);
    }
    expect(noRuntimeHere('null')).toBeUndefined();
  });
});
