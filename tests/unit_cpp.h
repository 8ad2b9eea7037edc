/*
 * unit_cpp.h: tasks declared for both languages: defined in C, used in C++, and the other way
 * round.
 */
#ifndef PENNY_TEST_UNIT_CPP_H
#define PENNY_TEST_UNIT_CPP_H

#include <penny.h>

PENNY_DECLARE(int64_t, c_fib, (int32_t, n));
PENNY_DECLARE(int64_t, cpp_fib, (int32_t, n));
PENNY_DECLARE(double, cpp_mix, (bool, a), (int8_t, b), (uint16_t, c), (float, d), (const char *, e),
              (int64_t, f), (double, g), (uint32_t *, h));
PENNY_DECLARE(void, cpp_put, (int32_t *, where), (int32_t, value));
PENNY_DECLARE(int32_t, cpp_all, (int32_t, rounds));

#endif
