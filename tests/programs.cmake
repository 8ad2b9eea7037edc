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

# The heap alone, without a pool. heap_unit also as it is built with checks and injected faults; threads, then coroutines
# (ucontext) exist only where they are named.
if(PENNY_PORT STREQUAL "web")
  penny_test(heap_unit SOURCES heap_unit_task.c TIMEOUT 60)
  set_source_files_properties("${PENNY_ROOT}/tests/heap_unit.c" PROPERTIES COMPILE_DEFINITIONS "main=heap_unit_main")
else()
  penny_test(heap_unit TIMEOUT 60)
endif()
penny_test(heap_stress TIMEOUT 120 PORTS native emscripten)
penny_test(heap_steps TIMEOUT 60 PORTS native)
