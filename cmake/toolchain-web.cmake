# Toolchain file of the web port: clang for wasm32 with threads, no system below it. It fits Debian's packages
# (clang-22, lld-22, libclang-rt-22-dev-wasm32, wasi-libc) and a wasi-sdk folder (-DWASI_SDK_PREFIX=... or the
# environment variable of that name). Only headers and pure functions of wasi-libc are ever used: see libc.cmake.

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(PENNY_PORT web)

if(NOT WASI_SDK_PREFIX AND DEFINED ENV{WASI_SDK_PREFIX})
  set(WASI_SDK_PREFIX "$ENV{WASI_SDK_PREFIX}")
endif()
# try_compile projects read this file again and know only what is listed here.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES WASI_SDK_PREFIX)

if(WASI_SDK_PREFIX)
  set(_penny_tool_options PATHS "${WASI_SDK_PREFIX}/bin" NO_DEFAULT_PATH)
  set(_penny_sysroot_hints "${WASI_SDK_PREFIX}/share/wasi-sysroot")
else()
  set(_penny_tool_options)
  set(_penny_sysroot_hints /usr /usr/local)
endif()
find_program(PENNY_CLANG NAMES clang-22 clang ${_penny_tool_options} REQUIRED)
find_program(PENNY_CLANGXX NAMES clang++-22 clang++ ${_penny_tool_options} REQUIRED)
find_program(PENNY_LLVM_AR NAMES llvm-ar-22 llvm-ar ${_penny_tool_options} REQUIRED)
find_program(PENNY_LLVM_RANLIB NAMES llvm-ranlib-22 llvm-ranlib ${_penny_tool_options} REQUIRED)
find_path(PENNY_WASI_INCLUDE NAMES wasi/api.h PATHS ${_penny_sysroot_hints} NO_DEFAULT_PATH REQUIRED
          PATH_SUFFIXES include/wasm32-wasi include/wasm32-wasip1)
find_file(PENNY_WASI_LIBC NAMES libc.a PATHS ${_penny_sysroot_hints} NO_DEFAULT_PATH REQUIRED
          PATH_SUFFIXES lib/wasm32-wasi lib/wasm32-wasip1)

set(CMAKE_C_COMPILER "${PENNY_CLANG}")
set(CMAKE_C_COMPILER_TARGET wasm32)
set(CMAKE_CXX_COMPILER "${PENNY_CLANGXX}")
set(CMAKE_CXX_COMPILER_TARGET wasm32)
set(CMAKE_AR "${PENNY_LLVM_AR}" CACHE FILEPATH "" FORCE)
set(CMAKE_RANLIB "${PENNY_LLVM_RANLIB}" CACHE FILEPATH "" FORCE)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_EXECUTABLE_SUFFIX_C .wasm)
set(CMAKE_EXECUTABLE_SUFFIX_CXX .wasm)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)

# Without a build type CMake would optimise nothing, and a spawn would cost four times as much.
set(CMAKE_BUILD_TYPE_INIT Release)

# -disable-red-zone: without it a leaf function may use the 128 bytes below the shadow stack pointer, and all of an
# alloca, without moving the pointer, which would hide its overflow from wasm-opt's stack check.
# __wasi__: headers of wasi-libc refuse to be read without it.
set(CMAKE_C_FLAGS_INIT "-matomics -mbulk-memory -mmutable-globals -msign-ext -mnontrapping-fptoint -msimd128 \
-Xclang -disable-red-zone -D__wasi__=1 -isystem ${PENNY_WASI_INCLUDE}")
# There is no C++ library below it.
set(CMAKE_CXX_FLAGS_INIT "${CMAKE_C_FLAGS_INIT} -fno-exceptions -fno-rtti")
