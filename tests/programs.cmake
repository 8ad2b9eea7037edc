# The test programs, once for all ports. See cmake/tests.cmake for the arguments.
#   penny_test(NAME [SOURCES more.c...] [ARGS args...] [TIMEOUT seconds] [PORTS native emscripten web])
# A program without a main function of its own is the task test_NAME, which main_native.c runs in pools of several sizes and
# run_module.js calls from outside; its time limit is for all of them together.

function(penny_task_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES")
  if(NOT PENNY_PORT STREQUAL "web")
    list(APPEND arg_SOURCES main_native.c test_native.c)
  endif()
  penny_test(${name} SOURCES ${arg_SOURCES} TIMEOUT ${arg_TIMEOUT})
endfunction()

penny_task_test(unit_smoke TIMEOUT 60)
penny_task_test(unit_deep TIMEOUT 60)
penny_task_test(unit_faults TIMEOUT 60)
penny_task_test(unit_traps TIMEOUT 60)
penny_task_test(unit_futures TIMEOUT 60)
penny_task_test(unit_about TIMEOUT 60)
penny_task_test(unit_loops TIMEOUT 60)
penny_task_test(unit_kernels TIMEOUT 60)
if(PENNY_PORT STREQUAL "web")
  target_link_libraries(unit_kernels PRIVATE penny_kernels)
endif()
penny_task_test(stress_steal TIMEOUT 60)
penny_task_test(diff_random TIMEOUT 60)

# unit_args: its tasks and checks are written by make_args.js.
find_program(PENNY_NODE NAMES node REQUIRED)
set(_args "${CMAKE_BINARY_DIR}/args")
add_custom_command(OUTPUT "${_args}/args_tasks.c" "${_args}/args_tasks.h" "${_args}/args_checks.h"
                   COMMAND "${PENNY_NODE}" "${PENNY_ROOT}/tests/make_args.js" "${_args}"
                   DEPENDS "${PENNY_ROOT}/tests/make_args.js" VERBATIM)
penny_task_test(unit_args TIMEOUT 60)
target_sources(unit_args PRIVATE "${_args}/args_tasks.c" "${_args}/args_tasks.h" "${_args}/args_checks.h")
target_include_directories(unit_args PRIVATE "${_args}" "${PENNY_ROOT}/tests")

# They start and stop pools themselves, which pages do through createPool (e2e tests).
penny_test(unit_run SOURCES test_native.c TIMEOUT 60 PORTS native emscripten)
penny_test(stress_pool SOURCES test_native.c TIMEOUT 60 PORTS native emscripten)
penny_test(stress_priority SOURCES test_native.c TIMEOUT 60 PORTS native emscripten)

# The heap alone, without a pool. heap_unit also as it is built with checks and injected faults; threads, then coroutines
# (ucontext) exist only where they are named.
if(PENNY_PORT STREQUAL "web")
  penny_test(heap_unit SOURCES heap_unit_task.c TIMEOUT 60)
  set_source_files_properties("${PENNY_ROOT}/tests/heap_unit.c" PROPERTIES COMPILE_DEFINITIONS "main=heap_unit_main")
else()
  penny_test(heap_unit TIMEOUT 60)
endif()
# Seed and rounds: ThreadSanitizer makes them ten times slower, and sees nothing new in the one thread of heap_steps.
set(_stress_args)
set(_steps_args)
if(CMAKE_C_FLAGS MATCHES "fsanitize=thread")
  set(_stress_args ARGS 1 12000)
  set(_steps_args ARGS 1 30)
elseif(PENNY_PORT STREQUAL "emscripten")
  set(_stress_args ARGS 1 20000)
endif()
penny_test(heap_stress ${_stress_args} TIMEOUT 120 PORTS native emscripten)
penny_test(heap_steps ${_steps_args} TIMEOUT 60 PORTS native)

# Programs that need a core of their own kind have its sources built in; the library's are then not linked.
function(penny_core_into name)
  if(TARGET ${name})
    target_sources(${name} PRIVATE ${PENNY_CORE_SOURCES})
    target_compile_definitions(${name} PRIVATE ${ARGN})
  endif()
endfunction()
# The web's core has no switch for it; the program stops and starts pools.
penny_test(stress_alloc_fail SOURCES test_native.c TIMEOUT 60 PORTS native emscripten)
penny_core_into(stress_alloc_fail PENNY_FAULT_INJECTION=1)
# Needs fork.
penny_test(unit_missing_sync SOURCES test_native.c TIMEOUT 60 PORTS native)
penny_core_into(unit_missing_sync PENNY_DEBUG=1)
# Signals and fork.
penny_test(unit_signals SOURCES test_native.c TIMEOUT 60 PORTS native)

# Tasks in C++. One object by the C compiler's own front end, or Clang's beside gcc, and linked as C: nothing of the C++
# library is used, so nothing of it has to be installed.
penny_task_test(unit_cpp TIMEOUT 60)
set(_cpp "${CMAKE_CURRENT_BINARY_DIR}/unit_cpp_tasks.o")
set(_cpp_compiler "${CMAKE_C_COMPILER}")
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  find_program(PENNY_CLANG NAMES clang-22 clang REQUIRED)
  set(_cpp_compiler "${PENNY_CLANG}")
endif()
separate_arguments(_cpp_flags UNIX_COMMAND "${CMAKE_C_FLAGS} -O2")
if(CMAKE_C_COMPILER_TARGET)
  list(APPEND _cpp_flags "--target=${CMAKE_C_COMPILER_TARGET}")
endif()
if(PENNY_PORT STREQUAL "emscripten")
  list(APPEND _cpp_flags -pthread)
endif()
if(PENNY_DEBUG)
  list(APPEND _cpp_flags -DPENNY_DEBUG=1)
endif()
if(PENNY_WERROR)
  list(APPEND _cpp_flags -Werror)
endif()
add_custom_command(OUTPUT "${_cpp}"
  COMMAND "${_cpp_compiler}" -x c++ -std=c++17 ${_cpp_flags} -fno-exceptions -fno-rtti -Wall -Wextra -Wundef -Wshadow
          -Wconversion "-I${PENNY_ROOT}/src" -c -o "${_cpp}" "${PENNY_ROOT}/tests/unit_cpp_tasks.cpp"
  DEPENDS "${PENNY_ROOT}/tests/unit_cpp_tasks.cpp" "${PENNY_ROOT}/tests/unit_cpp.h" "${PENNY_ROOT}/src/penny.h"
          "${PENNY_ROOT}/src/task_macros.h" "${PENNY_ROOT}/src/layout.h"
  VERBATIM)
target_sources(unit_cpp PRIVATE "${_cpp}")

# Not a test by itself: spawn_budget.js counts its instructions, in the build that is measured.
if(PENNY_PORT STREQUAL "native" AND NOT CMAKE_C_FLAGS MATCHES "fsanitize")
  add_executable(spawn_budget "${PENNY_ROOT}/tests/spawn_budget.c")
  set_target_properties(spawn_budget PROPERTIES C_STANDARD 11 C_EXTENSIONS ON)
  target_link_libraries(spawn_budget PRIVATE penny::penny penny_strict)
endif()
