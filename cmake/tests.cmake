# Test programs: one list (tests/programs.cmake) for every port. A program is tests/NAME.c with a main function that
# returns 0 when all is well; it is registered once per port as ctest test NAME.
#   penny_test(NAME [SOURCES more.c...] [ARGS args...] [TIMEOUT seconds] [PORTS native emscripten web])
# PORTS is for what cannot exist elsewhere; give the reason beside it, the summary demands every other cell.

include_guard(GLOBAL)
file(WRITE "${CMAKE_BINARY_DIR}/absent-tests.txt" "")
if(PENNY_PORT STREQUAL "emscripten")
  # Its output is CommonJS in .js files, and the package around this folder says that .js is ESM.
  file(WRITE "${CMAKE_BINARY_DIR}/package.json" "{ \"type\": \"commonjs\" }\n")
endif()

function(penny_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;ARGS;PORTS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "penny_test(${name}): what is ${arg_UNPARSED_ARGUMENTS}?")
  endif()
  if(arg_PORTS AND NOT PENNY_PORT IN_LIST arg_PORTS)
    # Told to scripts/ctest.js, so that the summary does not take it for a forgotten one.
    file(APPEND "${CMAKE_BINARY_DIR}/absent-tests.txt" "${name}\n")
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  if(PENNY_LONG)
    set(arg_TIMEOUT 1000) # the programs do more then, and end themselves after 900
  endif()
  set(sources "${PENNY_ROOT}/tests/${name}.c")
  foreach(source IN LISTS arg_SOURCES)
    list(APPEND sources "${PENNY_ROOT}/tests/${source}")
  endforeach()

  # One program may be registered several times, by a name with a suffix: that is for tests/programs.cmake to say.
  if(PENNY_PORT STREQUAL "web")
    penny_add_module(${name} NO_KERNELS ${sources}) # what nobody calls would only be optimised again and again
    target_link_libraries(${name} PRIVATE penny_strict)
    get_target_property(module ${name} PENNY_MODULE)
    add_test(NAME ${name} COMMAND "${PENNY_NODE}" "${PENNY_ROOT}/tests/run_module.js" "${module}" ${arg_ARGS})
  else()
    add_executable(${name} ${sources})
    set_target_properties(${name} PROPERTIES C_STANDARD 11 C_EXTENSIONS ON)
    target_link_libraries(${name} PRIVATE penny::penny penny_strict)
    if(PENNY_PORT STREQUAL "emscripten")
      target_link_options(${name} PRIVATE -sDEFAULT_PTHREAD_STACK_SIZE=1MB -sENVIRONMENT=node,worker)
      find_program(PENNY_NODE NAMES node REQUIRED)
      # Node's fetch makes old Emscripten output believe that it runs in a browser. Node 26 has no such switch any more.
      execute_process(COMMAND "${PENNY_NODE}" --no-experimental-fetch --version RESULT_VARIABLE no_switch
                      OUTPUT_QUIET ERROR_QUIET)
      set(switch --no-experimental-fetch)
      if(no_switch)
        set(switch)
      endif()
      add_test(NAME ${name} COMMAND "${PENNY_NODE}" ${switch} "$<TARGET_FILE:${name}>" ${arg_ARGS})
    else()
      add_test(NAME ${name} COMMAND ${name} ${arg_ARGS})
    endif()
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} RUN_SERIAL TRUE)
endfunction()
