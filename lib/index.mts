// The same module for `import`: one copy of the library, whichever way it is loaded.
export * from './index.js';
