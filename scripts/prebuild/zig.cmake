# Builds with zig's C++ compiler. scripts/prebuild/node-gyp.mjs gives, with -D:
#   ZIG         the program
#   ZIG_TARGET  what to build for, as zig spells it
#   LIBSTDCXX   a folder with GCC's C++ library, which replaces zig's; or nothing
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES ZIG ZIG_TARGET LIBSTDCXX)

if(ZIG_TARGET MATCHES "linux")
  set(CMAKE_SYSTEM_NAME Linux)
elseif(ZIG_TARGET MATCHES "windows")
  set(CMAKE_SYSTEM_NAME Windows)
elseif(ZIG_TARGET MATCHES "macos")
  set(CMAKE_SYSTEM_NAME Darwin)
endif()
string(REGEX MATCH "^[^-]+" CMAKE_SYSTEM_PROCESSOR ${ZIG_TARGET})

# Options belong to the compiler here, because cmake-js sets the variables that they would go to. Zig builds the C and
# C++ libraries of a platform when it first links with them, once for each way to optimise and strip: CMake's own
# attempts shall use those of the addon, and link as little as possible.
set(CMAKE_CXX_COMPILER ${ZIG} c++ -target ${ZIG_TARGET} -O3 -s)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
# The addon's own sources by size: a sixth less than with -O3 (which -O2 is to zig), seven times in the package, and no
# slower that `npm run bench:layer` could tell.
set(CMAKE_CXX_FLAGS_RELEASE "-Os -DNDEBUG" CACHE STRING "")
if(LIBSTDCXX)
  # Not -isystem: those come after the C library's headers, which these include in turn.
  list(APPEND CMAKE_CXX_COMPILER
    -nostdinc++ -I${LIBSTDCXX}/include -I${LIBSTDCXX}/include-machine -nostdlib++)
  set(CMAKE_CXX_STANDARD_LIBRARIES "${LIBSTDCXX}/libstdc++.a ${LIBSTDCXX}/libgcc_s.so.1")
endif()
# CMake wants one path for each of these.
foreach(TOOL ar ranlib rc)
  set(SCRIPT ${CMAKE_BINARY_DIR}/zig-${TOOL})
  file(WRITE ${SCRIPT} "#!/bin/sh\nexec '${ZIG}' ${TOOL} \"$@\"\n")
  file(CHMOD ${SCRIPT} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
endforeach()
set(CMAKE_AR ${CMAKE_BINARY_DIR}/zig-ar)
set(CMAKE_RANLIB ${CMAKE_BINARY_DIR}/zig-ranlib)
set(CMAKE_RC_COMPILER ${CMAKE_BINARY_DIR}/zig-rc)
