/*
 * atomic.h: the only place where Penny names a memory order.
 *
 * The helpers carry their order in their name. Native builds (and ThreadSanitizer) use exactly
 * that order; WebAssembly turns every one of them into a sequentially consistent access, and
 * without -matomics silently into a plain one, which is why a build without it is refused here.
 * There are no free-standing fences: the order is always on the access that the argument beside it
 * speaks of.
 */
#ifndef PENNY_ATOMIC_H
#define PENNY_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__wasm__) && !defined(__wasm_atomics__)
#error "compile with -matomics: without it atomics silently become plain loads and stores"
#endif

#define pn_load_relaxed(p)        __atomic_load_n((p), __ATOMIC_RELAXED)
#define pn_load_acquire(p)        __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define pn_load_seq_cst(p)        __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define pn_store_relaxed(p, v)    __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define pn_store_release(p, v)    __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define pn_store_seq_cst(p, v)    __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)
#define pn_add_relaxed(p, v)      __atomic_fetch_add((p), (v), __ATOMIC_RELAXED)
#define pn_add_acq_rel(p, v)      __atomic_fetch_add((p), (v), __ATOMIC_ACQ_REL)
#define pn_add_seq_cst(p, v)      __atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST)
#define pn_sub_seq_cst(p, v)      __atomic_fetch_sub((p), (v), __ATOMIC_SEQ_CST)
#define pn_or_seq_cst(p, v)       __atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define pn_and_seq_cst(p, v)      __atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST)
#define pn_exchange_acquire(p, v) __atomic_exchange_n((p), (v), __ATOMIC_ACQUIRE)
#define pn_exchange_acq_rel(p, v) __atomic_exchange_n((p), (v), __ATOMIC_ACQ_REL)
#define pn_exchange_seq_cst(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)

/* For what is read at every spawn and sync: the thread's own stores are seen, and those of others at
 * some time. On the web an ordinary load of an aligned word, which does not tear: WebKit's atomic load is an
 * exchange-and-add of 5 ns. Not for waiting in a loop: an engine may keep a value where nothing is
 * stored or called. */
#ifdef __wasm__
#define pn_load_plain(p) (*(const volatile __typeof__(*(p)) *)(p))
#else
#define pn_load_plain(p) pn_load_relaxed(p)
#endif

/* Compare-exchange: true when *p held *expected and now holds v; otherwise *expected is what was
 * seen. The failure order is the weakest that still lets the caller read what it saw. */
#define pn_cas_relaxed(p, expected, v) \
  __atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)
#define pn_cas_acquire(p, expected, v) \
  __atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)
#define pn_cas_release(p, expected, v) \
  __atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)
#define pn_cas_acq_rel(p, expected, v) \
  __atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)
#define pn_cas_seq_cst(p, expected, v) \
  __atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

#ifdef __cplusplus
#define PN_ALIGN(n)     alignas(n)
#define PN_ASSERT(c, m) static_assert(c, m)
#else
#define PN_ALIGN(n)     _Alignas(n)
#define PN_ASSERT(c, m) _Static_assert(c, m)
#endif
/* On the web each instance has its own thread of control but shares all statics, so there is
 * nothing thread-local: what uses this must be unreachable there from more than one thread
 * (PENNY_RUN is refused on web pages and workers). */
#if defined(__wasm__) && !defined(__EMSCRIPTEN__)
#define PN_THREAD_LOCAL
#elif defined(__cplusplus)
#define PN_THREAD_LOCAL thread_local
#else
#define PN_THREAD_LOCAL _Thread_local
#endif
#define PN_NORETURN __attribute__((noreturn))
/* Of a function that runs seldom: small code rather than fast code. */
#ifdef __clang__
#define PN_RARE __attribute__((minsize))
#else
#define PN_RARE __attribute__((cold))
#endif

#define PN_LIKELY(x)   (__builtin_expect(!!(x), 1) != 0)
#define PN_UNLIKELY(x) (__builtin_expect(!!(x), 0) != 0)

#endif
