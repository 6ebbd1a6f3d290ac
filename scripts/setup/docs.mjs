// The documentation: TypeDoc makes a site of lib/ and the guides, and linkinator follows its links.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { bin, root, say } from './process.mjs';

/** Where the site is built. */
export const siteFolder = join(root, 'build', 'docs');

/** @returns {Promise<boolean>} is all of it as it should be? */
export async function buildDocs() {
  say('Building the documentation');
  rmSync(siteFolder, { recursive: true, force: true });
  const { status } = spawnSync(bin('typedoc'), [], { cwd: root, stdio: 'inherit' });
  if (status !== 0) return false;

  const { links, broken } = await checkLinks();
  // Of a link within a page, the page is in the link.
  for (const { url, parent = url } of broken) console.log(`broken link in ${parent}: ${url}`);
  console.log(`${links.length} links followed, ${broken.length} broken`);
  return links.length > 0 && broken.length === 0;
}

/** Follows every link of every page, to the heading that it names. Those to other sites are left alone. */
async function checkLinks() {
  // Only here, so that other scripts can be imported before npm has installed anything.
  const { LinkChecker, LinkState } = await import('linkinator');
  const { links } = await new LinkChecker().check({
    // All of them: what leads to pages of the API is made by a script in the browser.
    path: readdirSync(siteFolder, { recursive: true }).filter((file) => file.endsWith('.html')),
    serverRoot: siteFolder,
    checkFragments: true,
    linksToSkip: async (link) => !link.startsWith('http://localhost'),
  });
  const followed = links.filter(({ state }) => state !== LinkState.SKIPPED);
  return { links: followed, broken: followed.filter(({ state }) => state === LinkState.BROKEN) };
}
