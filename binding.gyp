# Builds the same sources as CMakeLists.txt, for where CMake is not at hand: npx node-gyp rebuild. The package has them in
# few files: scripts/setup/bundle.mjs.
{
  "targets": [
    {
      "target_name": "accelnode",
      "sources": ["<!@(node -p \"const fs = require('fs'); const dir = fs.existsSync('native') ? 'native' : 'dist/native'; fs.readdirSync(dir, {recursive: true}).filter(f => f.endsWith('.cc')).map(f => dir + '/' + f.replaceAll('\\\\\\\\', '/')).sort().join(' ')\")"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["ACCELNODE_VERSION=\"<!(node -p \"require('./package.json').version\")\"", "NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS_ALL", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden", "-fvisibility-inlines-hidden"],
      "libraries": [],
      "conditions": [
        ["OS=='linux'", { "libraries": ["-ldl", "-lpthread"] }],
        ["OS=='mac'", {
          "xcode_settings": {
            "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
            "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
            "CLANG_CXX_LIBRARY": "libc++",
            "MACOSX_DEPLOYMENT_TARGET": "11.0",
            "GCC_SYMBOLS_PRIVATE_EXTERN": "YES"
          }
        }],
        ["OS=='win'", {
          "msvs_settings": { "VCCLCompilerTool": { "ExceptionHandling": 1, "AdditionalOptions": ["/std:c++17"] } }
        }]
      ]
    }
  ]
}
