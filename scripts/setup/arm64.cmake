# Builds for linux-arm64 with what scripts/setup/arm64-compiler.mjs has unpacked.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)

set(COMPILER ${CMAKE_CURRENT_LIST_DIR}/../../.setup/arm64/compiler)
set(CMAKE_CXX_COMPILER ${COMPILER}/aarch64-linux-gnu-g++)
# Where its packages lie, as they would below /.
set(UNPACKED ${COMPILER}/root)

# Libraries are looked for among its own only; programs that the build runs are this machine's.
set(CMAKE_FIND_ROOT_PATH ${UNPACKED}/usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
