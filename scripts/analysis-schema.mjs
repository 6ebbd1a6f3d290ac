// Writes docs/analysis.schema.json, the JSON Schema of what `accelnode analyze` writes, from the built package. A test looks
// whether it is up to date.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { format } from 'prettier';
import { toJSONSchema } from 'zod';

import { analysis } from '../build-ts/analyze/analysis.js';
import { root } from './setup/process.mjs';

const schema = JSON.stringify(toJSONSchema(analysis));
const file = join(root, 'docs', 'analysis.schema.json');
writeFileSync(file, await format(schema, { parser: 'json', printWidth: 120 }));
