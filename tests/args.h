/*
 * args.h: what the files of unit_args share beside what make_args.js writes.
 */
#ifndef PENNY_TEST_ARGS_H
#define PENNY_TEST_ARGS_H

#include "test.h"

typedef int32_t (*args_function)(int32_t);
extern const char args_letters[27];
int32_t args_one(int32_t x);
int32_t args_two(int32_t x);
/* Counts the tasks that ran. */
void args_ran(void);

#endif
