/*
 * thread_pool.h: what thread_pool.c (penny_start and penny_stop on pthreads, native and
 * Emscripten) asks of its port.
 */
#ifndef PENNY_THREAD_POOL_H
#define PENNY_THREAD_POOL_H

#include <stddef.h>
#include <stdint.h>

/* Below each worker's C stack, natively: a frame with a large array steps over a single page. */
enum { STACK_GUARD_BYTES = 1 << 20 };

/* Before a pool's first worker starts, and after its last one has ended. */
void pn_port_process_begin(void);
void pn_port_process_end(void);
/* On each worker, first and last. */
void pn_port_thread_begin(void);
void pn_port_thread_end(void);
/* A zeroed region of *bytes (0: the port's default, written back), 16 KiB aligned, or NULL. */
void *pn_port_reserve(uint64_t *bytes);
void pn_port_unreserve(void *region, uint64_t bytes);
size_t pn_port_default_stack_bytes(void);

#endif
