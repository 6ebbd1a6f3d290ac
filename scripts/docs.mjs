// Builds the documentation, API and guides, into build/docs. Whatever is not documented, not exported or leads nowhere
// is an error.
import { buildDocs } from './setup/docs.mjs';
import { installDependencies } from './setup/project.mjs';

installDependencies();
process.exitCode = (await buildDocs()) ? 0 : 1;
