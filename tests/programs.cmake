# The test programs, once for all ports. See cmake/tests.cmake for the arguments.
#   penny_test(NAME [SOURCES more.c...] [ARGS args...] [TIMEOUT seconds] [PORTS native emscripten web])

