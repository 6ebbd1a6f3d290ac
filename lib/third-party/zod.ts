import { config } from 'zod';
import { en } from 'zod/locales';

// The words of its errors, which zod sets by itself only where all of it is imported.
config(en());

// For `import * as z`: what is not named here stays out of the package.
export {
  array,
  boolean,
  custom,
  discriminatedUnion,
  enum,
  instanceof,
  int,
  int32,
  literal,
  number,
  partialRecord,
  record,
  preprocess,
  strictObject,
  string,
  tuple,
  union,
} from 'zod';
export type { ZodType, core, output } from 'zod';
