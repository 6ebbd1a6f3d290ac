declare module 'node-gyp-build' {
  /** Loads the addon of the package in `folder`: a prebuilt one, or the one built there. */
  function load(folder: string): unknown;
  export = load;
}
