declare module 'node-gyp-build' {
  /** Loads the addon of the package in `folder`: a prebuilt one, or the one built there. */
  function load(folder: string): unknown;
  namespace load {
    /** The file that would be loaded. Throws when there is none. */
    function path(folder: string): string;
  }
  export = load;
}
