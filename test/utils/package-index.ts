/**
 * A package index on this machine, for pip to fetch small wheels from, and a registry for npm; and what makes them use
 * it and nothing else.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { devNull } from 'node:os';
import { join } from 'node:path';

import type { Release } from '../../build-ts/runtimes/manifest.js';

export interface IndexOptions {
  /** Its files: name and content. */
  files: Readonly<Record<string, Uint8Array>>;
  /**
   * What happens after the first half of a file: `stall` waits for {@link PackageIndex.proceed}, `cut` breaks
   * the connection.
   */
  halfway?: 'stall' | 'cut';
  /** Answers everything with this. */
  status?: number;
  /** Of npm: what is said of a package, whose files are below the address. */
  packument?: (files: string) => object;
}

export class PackageIndex extends EventEmitter<{ stalled: []; closed: [] }> {
  /** How often a file was asked for. */
  downloads = 0;
  /** Go on with what was stalled, and stall no more. */
  proceed: () => void = () => undefined;
  readonly #server: Server;
  readonly #options: IndexOptions;

  private constructor(options: IndexOptions) {
    super();
    this.#options = options;
    this.#server = createServer((request, response) => this.#answer(request.url ?? '', response));
  }

  static async start(options: IndexOptions): Promise<PackageIndex> {
    const index = new PackageIndex(options);
    index.#server.listen(0, '127.0.0.1');
    await once(index.#server, 'listening');
    return index;
  }

  /** The environment in which pip knows this index alone. */
  get environment(): Record<string, string> {
    return pipEnvironment((this.#server.address() as AddressInfo).port);
  }

  /** The environment in which npm knows this registry alone, with a cache in `folder`. */
  npmEnvironment(folder: string): Record<string, string> {
    return npmEnvironment((this.#server.address() as AddressInfo).port, folder);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #answer(url: string, response: ServerResponse): void {
    const { files, halfway, status, packument } = this.#options;
    if (status !== undefined) {
      response.writeHead(status).end();
      return;
    }
    if (url.startsWith('/simple/')) {
      const links = Object.keys(files).map((name) => `<a href="/files/${name}">${name}</a>`);
      response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<!DOCTYPE html><html>${links.join('\n')}</html>`);
      return;
    }
    if (packument !== undefined && !url.startsWith('/files/')) {
      const address = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/files`;
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(packument(address)));
      return;
    }
    this.downloads++;
    const content = files[url.slice('/files/'.length)]!;
    response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': content.length });
    if (halfway === undefined || (halfway === 'stall' && this.downloads > 1)) {
      response.end(content);
      return;
    }
    const half = content.length >> 1;
    response.on('close', () => this.emit('closed'));
    response.write(content.subarray(0, half), () => {
      if (halfway === 'cut') response.destroy();
      this.proceed = () => void response.end(content.subarray(half));
      this.emit('stalled');
    });
  }
}

/** The environment in which pip has only the index at a port of this machine. */
export function pipEnvironment(port: number): Record<string, string> {
  return {
    PIP_INDEX_URL: `http://127.0.0.1:${port}/simple`,
    PIP_CONFIG_FILE: devNull,
    PIP_EXTRA_INDEX_URL: '',
    PIP_FIND_LINKS: '',
    PIP_NO_INDEX: 'false',
    PIP_NO_CACHE_DIR: 'true',
    PIP_RETRIES: '0',
    PIP_RESUME_RETRIES: '0',
    NO_PROXY: '127.0.0.1',
    no_proxy: '127.0.0.1',
  };
}

/** The environment in which npm has only the registry at a port of this machine. */
export function npmEnvironment(port: number, cache: string): Record<string, string> {
  return {
    npm_config_registry: `http://127.0.0.1:${port}/`,
    // npm reads no file twice.
    npm_config_userconfig: join(cache, 'no-user'),
    npm_config_globalconfig: join(cache, 'no-global'),
    npm_config_cache: cache,
    npm_config_fetch_retries: '0',
    npm_config_update_notifier: 'false',
    npm_config_audit: 'false',
    NO_PROXY: '127.0.0.1',
    no_proxy: '127.0.0.1',
  };
}

const PYTHON = process.platform === 'win32' ? 'python' : 'python3';

// [member, bytes]: text as it is, a number as that many bytes which can't be compressed, or which can if negative.
const MAKE_WHEEL = `
import io, json, random, sys, zipfile
members = json.load(sys.stdin)
out = io.BytesIO()
with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as archive:
    for name, content in members:
        if isinstance(content, int):
            content = random.Random(1).randbytes(content) if content > 0 else bytes(-content)
        archive.writestr(name, content)
sys.stdout.buffer.write(out.getvalue())
`;

/** A wheel of a runtime that is none, and how it is found: {@link Release}, with `changes` made to its wheel. */
export function makeRelease(
  members: readonly (readonly [name: string, content: string | number])[],
  changes: Partial<Release['archive']> = {},
): { release: Release; files: Record<string, Uint8Array> } {
  const file = 'openvino-1.2.3-1-cp312-cp312-manylinux2014_x86_64.whl';
  const metadata = [
    ['openvino-1.2.3.dist-info/METADATA', 'Metadata-Version: 2.1\nName: openvino\nVersion: 1.2.3\n'],
    ['openvino-1.2.3.dist-info/WHEEL', 'Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp312-cp312-any\n'],
    ['openvino-1.2.3.dist-info/RECORD', ''],
  ] as const;
  const kept = members.filter(([name]) => !name.endsWith('.py'));
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', MAKE_WHEEL], {
    input: JSON.stringify([...members, ...metadata]),
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`Python could not make a wheel: ${stderr.toString()}`);
  return {
    files: { [file]: stdout },
    release: {
      name: 'openvino',
      version: '1.2.3',
      client: 'pip',
      archive: {
        package: 'openvino',
        file,
        platform: 'manylinux2014_x86_64',
        size: stdout.length,
        sha256: createHash('sha256').update(stdout).digest('hex'),
        library: 'libopenvino_c.so.123',
        installedSize: kept.reduce((sum, [, content]) => sum + sizeOf(content), 0),
        members: kept.map(([name]) => name),
        ...changes,
      },
    },
  };
}

function sizeOf(content: string | number): number {
  return typeof content === 'number' ? Math.abs(content) : Buffer.byteLength(content);
}
