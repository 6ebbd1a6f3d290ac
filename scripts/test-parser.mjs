// `npm run test:cuda:parser`: fetches TensorRT's real ONNX parsers, once, and runs the tests on them. These are also
// among all tests, which fetch nothing of that size: they are skipped unless the parsers are there.
import { fetchParsers } from './setup/parsers.mjs';
import { prepareTests } from './setup/tests.mjs';
import { runVitest, summary } from './setup/vitest.mjs';

await prepareTests();
await fetchParsers();
const results = runVitest(['--project', 'cuda-parser']);
console.log(`\n${summary(results)}`);
process.exitCode = results.failed === 0 && results.skipped === 0 ? 0 : 1;
