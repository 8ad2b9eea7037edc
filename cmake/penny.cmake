# What a program needs to be built with Penny, in this repository and by find_package(penny):
#   penny::penny                       library for native and Emscripten programs
#   penny_add_module(NAME sources... [NO_KERNELS])  a web module NAME.wasm: your sources, the core and, without NO_KERNELS,
#                                      what pool.sort, scan, sum, min and max need; for the JavaScript package
# The port follows from the toolchain file: web (toolchain-web.cmake), emscripten, or native.

include_guard(GLOBAL)
get_property(_penny_languages GLOBAL PROPERTY ENABLED_LANGUAGES)
if(NOT C IN_LIST _penny_languages)
  enable_language(C) # the core's, in a project in C++ alone
endif()
get_filename_component(PENNY_ROOT "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)

if(NOT PENNY_PORT AND EMSCRIPTEN)
  set(PENNY_PORT emscripten) # with emcmake's own toolchain file
elseif(NOT PENNY_PORT)
  set(PENNY_PORT native)
endif()
set(PENNY_CORE_SOURCES layout.c heap.c heap_pages.c task_stack.c park.c priority.c trace.c scheduler.c root.c pool.c bury.c loops.c sort.c
    port_${PENNY_PORT}.c)
if(NOT PENNY_PORT STREQUAL "web")
  list(APPEND PENNY_CORE_SOURCES thread_pool.c)
else()
  list(APPEND PENNY_CORE_SOURCES js_tasks.c)
endif()
list(TRANSFORM PENNY_CORE_SOURCES PREPEND "${PENNY_ROOT}/src/")
# pool.sort, scan, sum, min and max of the JavaScript package. A compensated sum must not be contracted.
set(PENNY_KERNEL_SOURCES "${PENNY_ROOT}/src/kernels.c" "${PENNY_ROOT}/src/kernels_sort.c")
set_source_files_properties(${PENNY_KERNEL_SOURCES} PROPERTIES COMPILE_OPTIONS -ffp-contract=off)
if(PENNY_PORT STREQUAL "web")
  # They travel with every page: the folds need SIMD but no unrolling, the sort is as fast when it is small.
  set_source_files_properties("${PENNY_ROOT}/src/kernels.c" PROPERTIES
                              COMPILE_OPTIONS "-ffp-contract=off;-O2;-fno-unroll-loops")
  set_source_files_properties("${PENNY_ROOT}/src/kernels_sort.c" PROPERTIES COMPILE_OPTIONS -Os)
  # So does the core: what runs once a root, a fault or a pool need not be unrolled, and no loop over a text may become a
  # call of libc's strlen.
  foreach(_cold bury heap_pages js_tasks layout park pool port_web priority root scheduler task_stack trace)
    set_source_files_properties("${PENNY_ROOT}/src/${_cold}.c" PROPERTIES COMPILE_OPTIONS "-Oz;-fno-builtin-strlen")
  endforeach()
endif()

set(PENNY_WARNINGS -Wall -Wextra -Wundef -Wshadow -Wconversion $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>)
if(PENNY_WERROR)
  list(APPEND PENNY_WARNINGS -Werror)
endif()

# Our warnings, for the core and for what this repository builds on it.
add_library(penny_strict INTERFACE)
target_compile_options(penny_strict INTERFACE ${PENNY_WARNINGS})

# What the core and its users must agree on, because penny.h holds the fast paths.
add_library(penny_common INTERFACE)
target_include_directories(penny_common INTERFACE "${PENNY_ROOT}/src")
if(PENNY_DEBUG)
  target_compile_definitions(penny_common INTERFACE PENNY_DEBUG=1)
endif()

if(PENNY_PORT STREQUAL "web")
  include("${CMAKE_CURRENT_LIST_DIR}/libc.cmake")

  # Objects, not an archive: nothing of the core is called by name from the user's code, JavaScript calls its exports.
  add_library(penny_core OBJECT ${PENNY_CORE_SOURCES})
  set_target_properties(penny_core PROPERTIES C_STANDARD 11 C_EXTENSIONS ON)
  target_link_libraries(penny_core PUBLIC penny_common PRIVATE penny_strict)

  add_library(penny_kernels OBJECT ${PENNY_KERNEL_SOURCES})
  set_target_properties(penny_kernels PROPERTIES C_STANDARD 11 C_EXTENSIONS ON)
  target_link_libraries(penny_kernels PUBLIC penny_common PRIVATE penny_strict)

  # An archive, so that a module which calls no libc function links none.
  add_library(penny_libc STATIC "${PENNY_ROOT}/src/libc_web.c")
  target_link_libraries(penny_libc PUBLIC penny_common PRIVATE penny_strict)

  execute_process(COMMAND "${CMAKE_C_COMPILER}" --target=wasm32-wasi -print-libgcc-file-name
                  OUTPUT_VARIABLE _penny_builtins OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT EXISTS "${_penny_builtins}")
    message(FATAL_ERROR "No compiler-rt for wasm32 (Debian: libclang-rt-22-dev-wasm32): '${_penny_builtins}'")
  endif()
  set(PENNY_BUILTINS "${_penny_builtins}" CACHE FILEPATH "compiler-rt builtins for wasm32")

  find_program(PENNY_NODE NAMES node REQUIRED)
  # Never one from PATH: an old Binaryen breaks modules quietly.
  find_file(PENNY_WASM_OPT NAMES wasm-opt NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH
            PATHS "${PENNY_ROOT}/node_modules/binaryen/bin" "${PENNY_ROOT}/../binaryen/bin"
                  "${CMAKE_SOURCE_DIR}/node_modules/binaryen/bin"
            DOC "wasm-opt of the npm package binaryen, 132 or later")
  if(NOT PENNY_WASM_OPT)
    message(FATAL_ERROR "No wasm-opt of Binaryen 132 in ${CMAKE_SOURCE_DIR}/node_modules: npm install --save-dev "
                        "binaryen@132.0.0, or configure with -DPENNY_WASM_OPT=<path of its wasm-opt for Node>")
  endif()
  set(PENNY_MODULE_STACK_BYTES 65536 CACHE STRING "Shadow stack of the page's own instance of a module")
else()
  find_package(Threads REQUIRED)
  add_library(penny STATIC ${PENNY_CORE_SOURCES} ${PENNY_KERNEL_SOURCES})
  add_library(penny::penny ALIAS penny)
  set_target_properties(penny PROPERTIES C_STANDARD 11 C_EXTENSIONS ON)
  target_link_libraries(penny PUBLIC penny_common Threads::Threads m PRIVATE penny_strict)
  if(PENNY_PORT STREQUAL "emscripten")
    target_compile_options(penny PUBLIC -pthread)
    # The main function runs on a worker: a page's thread may not block.
    # Without the stack check an overflow of a worker's shadow stack would quietly write into its neighbour.
    target_link_options(penny PUBLIC -pthread -sSTACK_OVERFLOW_CHECK=2 -sPROXY_TO_PTHREAD -sEXIT_RUNTIME -sALLOW_MEMORY_GROWTH
                        -sMAXIMUM_MEMORY=2GB -Wno-pthreads-mem-growth)
  endif()
endif()

# A web module: NAME.wasm in the current binary folder, after wasm-opt. Imports its shared memory, exports the table.
function(penny_add_module name)
  if(NOT PENNY_PORT STREQUAL "web")
    message(FATAL_ERROR "penny_add_module(${name}): configure with Penny's toolchain-web.cmake")
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "NO_KERNELS" "" "")
  # The linked file has its own name, so that NAME.wasm is never one that skipped the post-link step.
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  set_target_properties(${name} PROPERTIES OUTPUT_NAME ${name}.linked C_STANDARD 11 C_EXTENSIONS ON)
  target_link_libraries(${name} PRIVATE penny_core penny_common penny_libc "${PENNY_LIBC_ARCHIVE}" "${PENNY_BUILTINS}")
  if(NOT arg_NO_KERNELS)
    target_link_libraries(${name} PRIVATE penny_kernels)
  endif()
  # --no-wasm-opt: the driver would run any wasm-opt it finds on PATH. --no-check-features: the libc members were built
  # without threads, which is right for pure functions, the only ones in the archive. --stack-first: an overflow that
  # the stack check could miss runs into address 0 and traps instead of into data.
  target_link_options(${name} PRIVATE -nostdlib --no-wasm-opt
    LINKER:--no-entry LINKER:--import-memory LINKER:--shared-memory LINKER:--max-memory=4294967296
    LINKER:--export-table LINKER:--growable-table LINKER:--export=__stack_pointer LINKER:--export-if-defined=main LINKER:--export-if-defined=__main_argc_argv
    LINKER:--export=__heap_base LINKER:--stack-first LINKER:--no-check-features
    LINKER:-z,stack-size=${PENNY_MODULE_STACK_BYTES})
  set(output "${CMAKE_CURRENT_BINARY_DIR}/${name}.wasm")
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND "${PENNY_NODE}" "${PENNY_ROOT}/cmake/postlink.mjs" "${PENNY_WASM_OPT}" "$<TARGET_FILE:${name}>" "${output}"
    BYPRODUCTS "${output}" COMMENT "Optimising ${name}.wasm" VERBATIM)
  set_target_properties(${name} PROPERTIES PENNY_MODULE "${output}")
endfunction()
