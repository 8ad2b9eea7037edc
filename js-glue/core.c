/* core.c: a module with nothing of its own, for pools that run JavaScript tasks only, and for its size. */
#include <penny.h>
