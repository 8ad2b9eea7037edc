# Toolchain file of the Emscripten port: Debian's package or an activated emsdk (EMSDK in the environment).

set(PENNY_PORT emscripten)
find_file(PENNY_EMSCRIPTEN_TOOLCHAIN NAMES Emscripten.cmake REQUIRED NO_CMAKE_FIND_ROOT_PATH
          PATHS "$ENV{EMSDK}/upstream/emscripten" "$ENV{EMSCRIPTEN}" /usr/share/emscripten
          PATH_SUFFIXES cmake/Modules/Platform)
include("${PENNY_EMSCRIPTEN_TOOLCHAIN}")
# Else find_package(penny) would look for CMAKE_PREFIX_PATH inside of Emscripten's own folder.
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)
