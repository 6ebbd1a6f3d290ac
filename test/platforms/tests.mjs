// What is tested on every platform: what the addon does itself, with lanes, on the null backend. The rest is TypeScript,
// which is the same everywhere, or wants a vendor's library.
export const platformTests = [
  'test/platforms/platform.test.ts',
  'test/conformance/null.test.ts',
  'test/unit/{errors,inline,load,run-arguments,session,tensor}.test.ts',
];
