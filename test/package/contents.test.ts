/** What is in the package: all that is needed, nothing else, and nothing that says where it was made. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { billOfMaterials } from '../../scripts/sbom.mjs';
import { root } from '../../scripts/setup/process.mjs';
import { bundleThirdParty } from '../../scripts/setup/third-party.mjs';
import { thirdPartyNotices } from '../../scripts/third-party-notices.mjs';
import { files, packageFolder, project, size } from './installed.js';

/** Each file is one of these, and each of these is there. */
const allowed = [
  /^(package\.json|README\.md|LICENSE|NOTICE|THIRD_PARTY_NOTICES|binding\.gyp)$/,
  /^dist\/([\w-]+|third-party\/[\w-]+)\.js$/,
  /^dist\/index\.mjs$/,
  /^dist\/types\/index\.d\.m?ts$/,
  /^dist\/\w+\.py$/,
  /^dist\/native\/\w+\.cc$/,
  /^docs\/analysis\.schema\.json$/,
  /^prebuilds\/(linux-(x64|arm64)\/accelnode\.(glibc|musl)|(win32-x64|darwin-x64|darwin-arm64)\/accelnode)\.node$/,
];

describe('its files', () => {
  it('are those that are meant to be there', () => {
    expect(files.map(({ path }) => path).filter((path) => !allowed.some((pattern) => pattern.test(path)))).toEqual([]);
  });

  it.each(allowed)('%s are there', (pattern) => {
    expect(files.some(({ path }) => pattern.test(path))).toBe(true);
  });

  it('are what package.json lists', () => {
    const { files: listed } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] };
    for (const name of listed) {
      const [start] = name.split('**') as [string];
      expect(
        files.some(({ path }) => path === name || path.startsWith(join(start, '/'))),
        name,
      ).toBe(true);
    }
  });

  it('are all that are installed', () => {
    const installed = readdirSync(packageFolder, { recursive: true, encoding: 'utf8' })
      .map((name) => name.replaceAll('\\', '/'))
      .filter((name) => statSync(join(packageFolder, name)).isFile());
    expect(installed.sort()).toEqual(files.map(({ path }) => path).sort());
  });

  it('are less than 6 MB when packed', () => expect(size).toBeLessThan(6_000_000));

  it('say nothing of the machine that they were made on', () => {
    // What a compiler, a bundler or a source map would leave: the repository, the user's folder, folders of users and of CI.
    const posix = ['home', 'root', 'Users', 'tmp'].map((name) => ['', name, ''].join('/'));
    const windows = [
      ['C:', 'Users', ''],
      ['D:', 'a', ''],
    ].map((parts) => parts.join('\\'));
    const paths = [root, homedir(), ...posix, ...windows];
    const telling = files.flatMap(({ path }) => {
      const text = readFileSync(join(packageFolder, path), 'latin1');
      return paths.filter((each) => text.includes(each)).map((each) => `${path}: ${each}`);
    });
    expect(telling).toEqual([]);
  });
});

describe('its licences', () => {
  it('are those of the repository', () => {
    for (const name of ['LICENSE', 'NOTICE', 'THIRD_PARTY_NOTICES']) {
      expect(readFileSync(join(packageFolder, name), 'utf8'), name).toBe(readFileSync(join(root, name), 'utf8'));
    }
  });

  it('name what is inside, in the words of the packages that it is made from', async () => {
    expect(readFileSync(join(root, 'THIRD_PARTY_NOTICES'), 'utf8')).toBe(await thirdPartyNotices());
  });
});

it('has a bill of materials, of exactly what is inside and what is installed along with it', async () => {
  const { spdxVersion, packages } = JSON.parse(await billOfMaterials()) as {
    spdxVersion: string;
    packages: { name: string; licenseDeclared: string }[];
  };
  expect(spdxVersion).toBe('SPDX-2.3');
  const lock = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, object>;
  };
  const installed = Object.keys(lock.packages).flatMap((path) => path.split('node_modules/').slice(1).slice(-1));
  const inside = (await bundleThirdParty()).map(({ name }) => name);
  expect(packages.map(({ name }) => name).sort()).toEqual([...installed, ...inside].sort());
  const licences = [...new Set(packages.map(({ licenseDeclared }) => licenseDeclared))].sort();
  expect(licences).toEqual([
    '(Apache-2.0 AND BSD-3-Clause)',
    '0BSD',
    'Apache-2.0',
    'BSD-3-Clause',
    'BlueOak-1.0.0',
    'ISC',
    'MIT',
  ]);
});
