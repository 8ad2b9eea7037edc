/*
 * task_macros.h: the preprocessor part of penny.h. Nothing in here is for use by name.
 *
 * For a task `f` of n parameters the macros make: typedefs f_pn_r and f_pn_t0.. (so that a
 * declaration may be repeated), the body f_pn_body(worker, head, parameters), f_pn_go (calls the
 * body with the arguments of a record), f_pn_result (reads the result of a record), f_pn_run (go,
 * then store: what thieves and roots call) and f_pn_type (name, run, signature). Argument i lies
 * at 8 * i of the payload; with more than 6 arguments the payload holds the address of a line that
 * has them.
 */
#ifndef PENNY_TASK_MACROS_H
#define PENNY_TASK_MACROS_H

#include "layout.h"

#define PN_CAT(a, b)                                     PN_CAT_I(a, b)
#define PN_CAT_I(a, b)                                   a##b
#define PN_COUNT(...)                                    PN_COUNT_I(__VA_ARGS__, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define PN_COUNT_I(a, b, c, d, e, f, g, h, i, j, n, ...) n
#define PN_TYPE(pair)                                    PN_TYPE_I pair
#define PN_TYPE_I(T, name)                               T
#define PN_PARAM(pair)                                   PN_PARAM_I pair
#define PN_PARAM_I(T, name)                              T name
#define PN_UNUSED                                        __attribute__((unused))

#ifdef __cplusplus
#define PN_EXTERN extern "C"
#else
#define PN_EXTERN extern
#endif

/* ---- type codes: kind 16 + size in bytes; the JavaScript layer reads them from f_pn_type ---- */
#define PN_CODE_VOID        0x00
#define PN_CODE_SIGNED      0x10
#define PN_CODE_UNSIGNED    0x20
#define PN_CODE_FLOAT       0x30
#define PN_CODE_POINTER     0x40
#define PN_CODE_BOOL        0x50
#define PN_CODE_OF(kind, T) (unsigned char)(PN_CODE_##kind + sizeof(T))

#ifdef __cplusplus
template <class T, bool is_enum = __is_enum(T)> struct pn_cpp {
  typedef T slot;
  static constexpr unsigned char code = PN_CODE_OF(POINTER, T);
};
template <class T> struct pn_cpp<T, true> {
  typedef T slot;
  static constexpr unsigned char code = pn_cpp<__underlying_type(T)>::code;
};
template <class T> struct pn_cpp<const T, false> : pn_cpp<T> {};
template <class T> struct pn_cpp<const T, true> : pn_cpp<T> {};
#define PN_CPP_CODE(kind, T)                                   \
  template <> struct pn_cpp<T> {                               \
    typedef T slot;                                            \
    static constexpr unsigned char code = PN_CODE_OF(kind, T); \
  };
PN_CPP_CODE(SIGNED, signed char)
PN_CPP_CODE(SIGNED, char)
PN_CPP_CODE(SIGNED, short)
PN_CPP_CODE(SIGNED, int)
PN_CPP_CODE(SIGNED, long)
PN_CPP_CODE(SIGNED, long long)
PN_CPP_CODE(UNSIGNED, unsigned char)
PN_CPP_CODE(UNSIGNED, unsigned short)
PN_CPP_CODE(UNSIGNED, unsigned int)
PN_CPP_CODE(UNSIGNED, unsigned long)
PN_CPP_CODE(UNSIGNED, unsigned long long)
PN_CPP_CODE(FLOAT, float)
PN_CPP_CODE(FLOAT, double)
PN_CPP_CODE(BOOL, bool)
#ifdef __WCHAR_UNSIGNED__
PN_CPP_CODE(UNSIGNED, wchar_t)
#else
PN_CPP_CODE(SIGNED, wchar_t)
#endif
PN_CPP_CODE(UNSIGNED, char16_t)
PN_CPP_CODE(UNSIGNED, char32_t)
#ifdef __cpp_char8_t
PN_CPP_CODE(UNSIGNED, char8_t)
#endif
template <> struct pn_cpp<void> {
  typedef char slot;
  static constexpr unsigned char code = 0;
};
template <class R> struct pn_cpp_store {
  template <class F> static void run(void *p, F go) {
    *(R *)p = go();
  }
};
template <> struct pn_cpp_store<void> {
  template <class F> static void run(void *, F go) {
    go();
  }
};
#define PN_CODE(T)           (pn_cpp<T>::code)
#define PN_SLOT(T)           pn_cpp<T>::slot *
#define PN_BARE(T)           pn_cpp<T>::slot
#define PN_VALUE(R)          R
#define PN_VALUE_OF(R, expr) (expr)
#define PN_STORE(R, p, expr) pn_cpp_store<R>::run((p), [&] { return expr; })
#else
#define PN_CODE(T) \
  _Generic((T *)0, \
        void *: (unsigned char)0, \
        signed char *: PN_CODE_OF(SIGNED, char), \
        char *: PN_CODE_OF(SIGNED, char), \
        short *: PN_CODE_OF(SIGNED, short), \
        int *: PN_CODE_OF(SIGNED, int), \
        long *: PN_CODE_OF(SIGNED, long), \
        long long *: PN_CODE_OF(SIGNED, long long), \
        unsigned char *: PN_CODE_OF(UNSIGNED, char), \
        unsigned short *: PN_CODE_OF(UNSIGNED, short), \
        unsigned int *: PN_CODE_OF(UNSIGNED, int), \
        unsigned long *: PN_CODE_OF(UNSIGNED, long), \
        unsigned long long *: PN_CODE_OF(UNSIGNED, long long), \
        float *: PN_CODE_OF(FLOAT, float), \
        double *: PN_CODE_OF(FLOAT, double), \
        _Bool *: PN_CODE_OF(BOOL, _Bool), \
        default: PN_CODE_OF(POINTER, void *))
/* A pointer to T, but to char for void, so that a result slot can be named for every result
 * type. */
#define PN_SLOT(T)           __typeof__(_Generic((T *)0, void * : (char *)0, default : (T *)0))
/* T without its own const or volatile: arguments are stored. */
#define PN_BARE(T)           __typeof__(((void)0, *(T *)0))
/* A value for every result type, for ISO C returns none of type void; what uses it casts it back. */
#define PN_VALUE(R)          __typeof__(*(PN_SLOT(R))0)
#define PN_VALUE_OF(R, expr) _Generic((R *)0, void * : ((expr), (char)0), default : (expr))
#define PN_STORE(R, p, expr) (*(PN_SLOT(R))(p) = (expr))
#endif

/* ---- lists by arity: parameters, types, argument loads and stores ---- */
#define PN_PARAMS_0()
#define PN_PARAMS_1(a)      , PN_PARAM(a)
#define PN_PARAMS_2(a, ...) , PN_PARAM(a) PN_PARAMS_1(__VA_ARGS__)
#define PN_PARAMS_3(a, ...) , PN_PARAM(a) PN_PARAMS_2(__VA_ARGS__)
#define PN_PARAMS_4(a, ...) , PN_PARAM(a) PN_PARAMS_3(__VA_ARGS__)
#define PN_PARAMS_5(a, ...) , PN_PARAM(a) PN_PARAMS_4(__VA_ARGS__)
#define PN_PARAMS_6(a, ...) , PN_PARAM(a) PN_PARAMS_5(__VA_ARGS__)
#define PN_PARAMS_7(a, ...) , PN_PARAM(a) PN_PARAMS_6(__VA_ARGS__)
#define PN_PARAMS_8(a, ...) , PN_PARAM(a) PN_PARAMS_7(__VA_ARGS__)

#define PN_TYPEDEF(f, i, pair)                \
  typedef PN_BARE(PN_TYPE(pair)) f##_pn_t##i; \
  PN_ASSERT(sizeof(f##_pn_t##i) <= 8,         \
            "a task's parameters are scalars or pointers of at most 8 bytes");
#define PN_TYPEDEFS_0(f)
#define PN_TYPEDEFS_1(f, a)                   PN_TYPEDEF(f, 0, a)
#define PN_TYPEDEFS_2(f, a, b)                PN_TYPEDEFS_1(f, a) PN_TYPEDEF(f, 1, b)
#define PN_TYPEDEFS_3(f, a, b, c)             PN_TYPEDEFS_2(f, a, b) PN_TYPEDEF(f, 2, c)
#define PN_TYPEDEFS_4(f, a, b, c, d)          PN_TYPEDEFS_3(f, a, b, c) PN_TYPEDEF(f, 3, d)
#define PN_TYPEDEFS_5(f, a, b, c, d, e)       PN_TYPEDEFS_4(f, a, b, c, d) PN_TYPEDEF(f, 4, e)
#define PN_TYPEDEFS_6(f, a, b, c, d, e, g)    PN_TYPEDEFS_5(f, a, b, c, d, e) PN_TYPEDEF(f, 5, g)
#define PN_TYPEDEFS_7(f, a, b, c, d, e, g, h) PN_TYPEDEFS_6(f, a, b, c, d, e, g) PN_TYPEDEF(f, 6, h)
#define PN_TYPEDEFS_8(f, a, b, c, d, e, g, h, i) \
  PN_TYPEDEFS_7(f, a, b, c, d, e, g, h) PN_TYPEDEF(f, 7, i)

#define PN_CODES_0()       0
#define PN_CODES_1(a)      PN_CODE(PN_BARE(PN_TYPE(a)))
#define PN_CODES_2(a, ...) PN_CODE(PN_BARE(PN_TYPE(a))), PN_CODES_1(__VA_ARGS__)
#define PN_CODES_3(a, ...) PN_CODE(PN_BARE(PN_TYPE(a))), PN_CODES_2(__VA_ARGS__)
#define PN_CODES_4(a, ...) PN_CODE(PN_BARE(PN_TYPE(a))), PN_CODES_3(__VA_ARGS__)
#define PN_CODES_5(a, ...) PN_CODE(PN_BARE(PN_TYPE(a))), PN_CODES_4(__VA_ARGS__)
#define PN_CODES_6(a, ...) PN_CODE(PN_BARE(PN_TYPE(a))), PN_CODES_5(__VA_ARGS__)
#define PN_CODES_7(a, ...) PN_CODE(PN_BARE(PN_TYPE(a))), PN_CODES_6(__VA_ARGS__)
#define PN_CODES_8(a, ...) PN_CODE(PN_BARE(PN_TYPE(a))), PN_CODES_7(__VA_ARGS__)

#define PN_LOAD(f, i)      , *(f##_pn_t##i *)(void *)(pn_args + 8 * i)
#define PN_LOADS_0(f)
#define PN_LOADS_1(f) PN_LOAD(f, 0)
#define PN_LOADS_2(f) PN_LOADS_1(f) PN_LOAD(f, 1)
#define PN_LOADS_3(f) PN_LOADS_2(f) PN_LOAD(f, 2)
#define PN_LOADS_4(f) PN_LOADS_3(f) PN_LOAD(f, 3)
#define PN_LOADS_5(f) PN_LOADS_4(f) PN_LOAD(f, 4)
#define PN_LOADS_6(f) PN_LOADS_5(f) PN_LOAD(f, 5)
#define PN_LOADS_7(f) PN_LOADS_6(f) PN_LOAD(f, 6)
#define PN_LOADS_8(f) PN_LOADS_7(f) PN_LOAD(f, 7)

/* Arguments are evaluated into locals first (PN_KEEP): they may themselves sync, which moves the
 * head. */
#define PN_PUT(u, f, i) *(f##_pn_t##i *)(void *)(pn_args + 8 * i) = PN_CAT(u, i);
#define PN_PUTS_0(u, f)
#define PN_PUTS_1(u, f) PN_PUT(u, f, 0)
#define PN_PUTS_2(u, f) PN_PUTS_1(u, f) PN_PUT(u, f, 1)
#define PN_PUTS_3(u, f) PN_PUTS_2(u, f) PN_PUT(u, f, 2)
#define PN_PUTS_4(u, f) PN_PUTS_3(u, f) PN_PUT(u, f, 3)
#define PN_PUTS_5(u, f) PN_PUTS_4(u, f) PN_PUT(u, f, 4)
#define PN_PUTS_6(u, f) PN_PUTS_5(u, f) PN_PUT(u, f, 5)
#define PN_PUTS_7(u, f) PN_PUTS_6(u, f) PN_PUT(u, f, 6)
#define PN_PUTS_8(u, f) PN_PUTS_7(u, f) PN_PUT(u, f, 7)

/* ---- declaring and defining ---- */

/* What the runtime knows of a task. A record's first word is the address of its type. */
typedef struct pn_task_type {
  void (*run)(pn_worker *worker, pn_task *head, pn_task *task);
  const char *name;
  unsigned char arity;
  unsigned char result;
  unsigned char parameters[8];
} pn_task_type;

#define PN_CONTEXT          pn_worker *penny_w PN_UNUSED, pn_task *penny_head PN_UNUSED
#define PN_ARGS_OF(n, task) ((n) > 6 ? *(unsigned char **)(void *)(task)->payload : (task)->payload)

#define PN_DECLARE(R, f, n, params)                                                         \
  typedef R f##_pn_r;                                                                       \
  typedef char f##_pn_arity[(n) + 1];                                                       \
  PN_ASSERT(sizeof(*(PN_SLOT(R))0) <= 8, "a task's result is void, a scalar or a pointer"); \
  PN_EXTERN const pn_task_type f##_pn_type;                                                 \
  PN_EXTERN R f##_pn_body params;                                                           \
  PN_EXTERN PN_VALUE(R) f##_pn_go(pn_worker *penny_w, pn_task *penny_head, pn_task *task);  \
  PN_EXTERN PN_VALUE(R) f##_pn_result(pn_task *task);                                       \
  PN_EXTERN void f##_pn_run(pn_worker *worker, pn_task *head, pn_task *task);

#define PN_DEFINE(R, f, n, params, ...)                                              \
  PN_VALUE(R) f##_pn_go(pn_worker *penny_w, pn_task *penny_head, pn_task *task) {    \
    unsigned char *pn_args PN_UNUSED = PN_ARGS_OF(n, task);                          \
    PN_DEBUG_FRAME(f)                                                                \
    return PN_VALUE_OF(R, f##_pn_body(penny_w, penny_head PN_CAT(PN_LOADS_, n)(f))); \
  }                                                                                  \
  PN_VALUE(R) f##_pn_result(pn_task *task) {                                         \
    return (PN_VALUE(R))(*(PN_SLOT(R))(void *)task->payload);                        \
  }                                                                                  \
  void f##_pn_run(pn_worker *worker, pn_task *head, pn_task *task) {                 \
    PN_STORE(R, (void *)task->payload, f##_pn_go(worker, head, task));               \
  }                                                                                  \
  PN_EXTERN const pn_task_type f##_pn_type;                                          \
  const pn_task_type f##_pn_type = {f##_pn_run, #f, (n), PN_CODE(R), {__VA_ARGS__}}; \
  R f##_pn_body params

/* Debug builds check around every call of a body that every spawn in it was synced. */
#ifdef PENNY_DEBUG
typedef struct pn_debug_frame {
  pn_worker *worker;
  const char *name;
  uint32_t open_spawns;
} pn_debug_frame;
PN_EXTERN void pn_debug_leave(pn_debug_frame *frame);
#define PN_DEBUG_FRAME_OF(w, name) \
  pn_debug_frame pn_frame          \
      __attribute__((cleanup(pn_debug_leave), unused)) = {(w), (name), (w)->open_spawns};
#define PN_DEBUG_FRAME(f)  PN_DEBUG_FRAME_OF(penny_w, f##_pn_type.name)
#define PN_DEBUG_SPAWNED() (void)(penny_w->open_spawns++)
#define PN_DEBUG_SYNCED()  (void)(penny_w->open_spawns--)
#else
#define PN_DEBUG_FRAME_OF(w, name)
#define PN_DEBUG_FRAME(f)
#define PN_DEBUG_SPAWNED() (void)0
#define PN_DEBUG_SYNCED()  (void)0
#endif

#define PN_DECLARE_2(R, f) \
  PN_CAT(PN_TYPEDEFS_, 0)(f) PN_DECLARE(R, f, 0, (PN_CONTEXT PN_PARAMS_0()))
#define PN_DECLARE_3(R, f, a) \
  PN_CAT(PN_TYPEDEFS_, 1)(f, a) PN_DECLARE(R, f, 1, (PN_CONTEXT PN_PARAMS_1(a)))
#define PN_DECLARE_4(R, f, a, b) \
  PN_CAT(PN_TYPEDEFS_, 2)(f, a, b) PN_DECLARE(R, f, 2, (PN_CONTEXT PN_PARAMS_2(a, b)))
#define PN_DECLARE_5(R, f, a, b, c) \
  PN_CAT(PN_TYPEDEFS_, 3)(f, a, b, c) PN_DECLARE(R, f, 3, (PN_CONTEXT PN_PARAMS_3(a, b, c)))
#define PN_DECLARE_6(R, f, a, b, c, d) \
  PN_CAT(PN_TYPEDEFS_, 4)(f, a, b, c, d) PN_DECLARE(R, f, 4, (PN_CONTEXT PN_PARAMS_4(a, b, c, d)))
#define PN_DECLARE_7(R, f, a, b, c, d, e) \
  PN_CAT(PN_TYPEDEFS_, 5)                 \
  (f, a, b, c, d, e) PN_DECLARE(R, f, 5, (PN_CONTEXT PN_PARAMS_5(a, b, c, d, e)))
#define PN_DECLARE_8(R, f, a, b, c, d, e, g) \
  PN_CAT(PN_TYPEDEFS_, 6)                    \
  (f, a, b, c, d, e, g) PN_DECLARE(R, f, 6, (PN_CONTEXT PN_PARAMS_6(a, b, c, d, e, g)))
#define PN_DECLARE_9(R, f, a, b, c, d, e, g, h) \
  PN_CAT(PN_TYPEDEFS_, 7)                       \
  (f, a, b, c, d, e, g, h) PN_DECLARE(R, f, 7, (PN_CONTEXT PN_PARAMS_7(a, b, c, d, e, g, h)))
#define PN_DECLARE_10(R, f, a, b, c, d, e, g, h, i) \
  PN_CAT(PN_TYPEDEFS_, 8)                           \
  (f, a, b, c, d, e, g, h, i) PN_DECLARE(R, f, 8, (PN_CONTEXT PN_PARAMS_8(a, b, c, d, e, g, h, i)))
#define PN_TASK_2(R, f) \
  PN_DECLARE_2(R, f)    \
  PN_DEFINE(R, f, 0, (PN_CONTEXT PN_PARAMS_0()), PN_CODES_0())
#define PN_TASK_3(R, f, a) \
  PN_DECLARE_3(R, f, a)    \
  PN_DEFINE(R, f, 1, (PN_CONTEXT PN_PARAMS_1(a)), PN_CODES_1(a))
#define PN_TASK_4(R, f, a, b) \
  PN_DECLARE_4(R, f, a, b)    \
  PN_DEFINE(R, f, 2, (PN_CONTEXT PN_PARAMS_2(a, b)), PN_CODES_2(a, b))
#define PN_TASK_5(R, f, a, b, c) \
  PN_DECLARE_5(R, f, a, b, c)    \
  PN_DEFINE(R, f, 3, (PN_CONTEXT PN_PARAMS_3(a, b, c)), PN_CODES_3(a, b, c))
#define PN_TASK_6(R, f, a, b, c, d) \
  PN_DECLARE_6(R, f, a, b, c, d)    \
  PN_DEFINE(R, f, 4, (PN_CONTEXT PN_PARAMS_4(a, b, c, d)), PN_CODES_4(a, b, c, d))
#define PN_TASK_7(R, f, a, b, c, d, e) \
  PN_DECLARE_7(R, f, a, b, c, d, e)    \
  PN_DEFINE(R, f, 5, (PN_CONTEXT PN_PARAMS_5(a, b, c, d, e)), PN_CODES_5(a, b, c, d, e))
#define PN_TASK_8(R, f, a, b, c, d, e, g) \
  PN_DECLARE_8(R, f, a, b, c, d, e, g)    \
  PN_DEFINE(R, f, 6, (PN_CONTEXT PN_PARAMS_6(a, b, c, d, e, g)), PN_CODES_6(a, b, c, d, e, g))
#define PN_TASK_9(R, f, a, b, c, d, e, g, h) \
  PN_DECLARE_9(R, f, a, b, c, d, e, g, h)    \
  PN_DEFINE(R, f, 7, (PN_CONTEXT PN_PARAMS_7(a, b, c, d, e, g, h)), PN_CODES_7(a, b, c, d, e, g, h))
#define PN_TASK_10(R, f, a, b, c, d, e, g, h, i)                       \
  PN_DECLARE_10(R, f, a, b, c, d, e, g, h, i)                          \
  PN_DEFINE(R, f, 8, (PN_CONTEXT PN_PARAMS_8(a, b, c, d, e, g, h, i)), \
            PN_CODES_8(a, b, c, d, e, g, h, i))

/* ---- spawning ---- */
#define PN_SPAWN(f, n, evals)                                                                     \
  do {                                                                                            \
    evals pn_task *pn_t = penny_head;                                                             \
    /* Order: none needed; a stale limit only delays a request, and growth is the owner's own   \
     * store (owner: bounds). */ \
    const int pn_slow = PN_UNLIKELY((uintptr_t)pn_t >= pn_load_plain(&penny_w->limit));           \
    if (pn_slow) pn_t = pn_spawn_room(penny_w, pn_t);                                             \
    pn_task_prepare(pn_t, &f##_pn_type);                                                          \
    unsigned char *pn_args PN_UNUSED = (n) > 6 ? pn_spawn_spill(penny_w, pn_t) : pn_t->payload;   \
    PN_CAT(PN_PUTS_, n)(pn_a, f) penny_head = pn_t + 1;                                           \
    PN_DEBUG_SPAWNED();                                                                           \
    if (pn_slow) pn_spawn_offer(penny_w, penny_head);                                             \
  } while (0)

/* The same record, but in a root: for PENNY_RUN and PENNY_DETACH. Arguments are evaluated before
 * there is a root, which one that fails would leave behind. */
#define PN_FILL(u, f, n, task)                              \
  do {                                                      \
    unsigned char *pn_args PN_UNUSED = PN_ARGS_OF(n, task); \
    PN_CAT(PN_PUTS_, n)(u, f)                               \
  } while (0)
#define PN_RUN(u, f, n, ...)                                                                   \
  __extension__({                                                                              \
    PN_CAT(PN_KEEP_, n)(u, f, __VA_ARGS__) pn_task *PN_CAT(u, r) = pn_run_begin(&f##_pn_type); \
    PN_FILL(u, f, n, PN_CAT(u, r));                                                            \
    (f##_pn_r) f##_pn_result(pn_run_end(PN_CAT(u, r)));                                        \
  })
#define PN_DETACH(u, group, f, n, ...)                                                       \
  __extension__({                                                                            \
    PN_CAT(PN_KEEP_, n)                                                                      \
    (u, f, __VA_ARGS__) penny_future *PN_CAT(u, r) = pn_detach_begin(&f##_pn_type, (group)); \
    if (PN_CAT(u, r)) {                                                                      \
      PN_FILL(u, f, n, pn_future_task(PN_CAT(u, r)));                                        \
      pn_detach_end(PN_CAT(u, r));                                                           \
    }                                                                                        \
    PN_CAT(u, r);                                                                            \
  })

/* A call evaluates its arguments first, too: one that syncs moves the head, and C does not order
 * that before the reading of the head beside it. Calls nest in arguments, so the locals have names
 * of their own. */
#define PN_UNIQUE PN_CAT(PN_CAT(pn_c, __COUNTER__), _)
/* Clang 22 and later call __COUNTER__ an extension under -pedantic, and look for the answer where the
 * macro is used: so no push and pop. */
#ifdef __clang__
#if __has_warning("-Wc2y-extensions")
#pragma clang diagnostic ignored "-Wc2y-extensions"
#endif
#endif
#define PN_CALL(u, f, n, ...)                                                                      \
  __extension__({                                                                                  \
    PN_CAT(PN_KEEP_, n)                                                                            \
    (u, f, __VA_ARGS__) PN_DEBUG_FRAME(f) f##_pn_body(penny_w, penny_head PN_CAT(PN_KEPT_, n)(u)); \
  })
#define PN_KEEP(u, f, i, x) f##_pn_t##i PN_CAT(u, i) = (x);
#define PN_KEEP_0(u, f, none)
#define PN_KEEP_1(u, f, a)                   PN_KEEP(u, f, 0, a)
#define PN_KEEP_2(u, f, a, b)                PN_KEEP_1(u, f, a) PN_KEEP(u, f, 1, b)
#define PN_KEEP_3(u, f, a, b, c)             PN_KEEP_2(u, f, a, b) PN_KEEP(u, f, 2, c)
#define PN_KEEP_4(u, f, a, b, c, d)          PN_KEEP_3(u, f, a, b, c) PN_KEEP(u, f, 3, d)
#define PN_KEEP_5(u, f, a, b, c, d, e)       PN_KEEP_4(u, f, a, b, c, d) PN_KEEP(u, f, 4, e)
#define PN_KEEP_6(u, f, a, b, c, d, e, g)    PN_KEEP_5(u, f, a, b, c, d, e) PN_KEEP(u, f, 5, g)
#define PN_KEEP_7(u, f, a, b, c, d, e, g, h) PN_KEEP_6(u, f, a, b, c, d, e, g) PN_KEEP(u, f, 6, h)
#define PN_KEEP_8(u, f, a, b, c, d, e, g, h, i) \
  PN_KEEP_7(u, f, a, b, c, d, e, g, h) PN_KEEP(u, f, 7, i)
#define PN_KEPT_1(u) , PN_CAT(u, 0)
#define PN_KEPT_2(u) PN_KEPT_1(u), PN_CAT(u, 1)
#define PN_KEPT_3(u) PN_KEPT_2(u), PN_CAT(u, 2)
#define PN_KEPT_4(u) PN_KEPT_3(u), PN_CAT(u, 3)
#define PN_KEPT_5(u) PN_KEPT_4(u), PN_CAT(u, 4)
#define PN_KEPT_6(u) PN_KEPT_5(u), PN_CAT(u, 5)
#define PN_KEPT_7(u) PN_KEPT_6(u), PN_CAT(u, 6)
#define PN_KEPT_8(u) PN_KEPT_7(u), PN_CAT(u, 7)

/* The same for what is not a task: arguments first, then the head. `u` begins the locals' names. */
#define PN_GET(u, f, future)                                                    \
  __extension__({                                                               \
    penny_future *PN_CAT(u, 0) = (future);                                      \
    (f##_pn_r) f##_pn_result(pn_future_get(penny_w, penny_head, PN_CAT(u, 0))); \
  })
#define PN_WAIT(u, type, wait, object)       \
  __extension__({                            \
    type *PN_CAT(u, 0) = (object);           \
    wait(penny_w, penny_head, PN_CAT(u, 0)); \
  })
#define PN_FOR(u, begin, end, body, context)                                             \
  __extension__({                                                                        \
    int64_t PN_CAT(u, 0) = (begin), PN_CAT(u, 1) = (end);                                \
    penny_range_fn PN_CAT(u, 2) = (body);                                                \
    void *PN_CAT(u, 3) = (context);                                                      \
    pn_for(penny_w, penny_head, PN_CAT(u, 0), PN_CAT(u, 1), PN_CAT(u, 2), PN_CAT(u, 3)); \
  })
#define PN_REDUCE(u, begin, end, result, bytes, body, combine, context)                            \
  __extension__({                                                                                  \
    int64_t PN_CAT(u, 0) = (begin), PN_CAT(u, 1) = (end);                                          \
    void *PN_CAT(u, 2) = (result);                                                                 \
    size_t PN_CAT(u, 3) = (bytes);                                                                 \
    void *PN_CAT(u, 4) = (context);                                                                \
    pn_reduce(penny_w, penny_head, PN_CAT(u, 0), PN_CAT(u, 1), PN_CAT(u, 2), PN_CAT(u, 3), (body), \
              (combine), PN_CAT(u, 4));                                                            \
  })
#define PN_SCAN(u, base, count, bytes, identity, combine, exclusive, context)            \
  __extension__({                                                                        \
    void *PN_CAT(u, 0) = (base);                                                         \
    size_t PN_CAT(u, 1) = (count), PN_CAT(u, 2) = (bytes);                               \
    const void *PN_CAT(u, 3) = (identity);                                               \
    bool PN_CAT(u, 4) = (exclusive);                                                     \
    void *PN_CAT(u, 5) = (context);                                                      \
    pn_scan(penny_w, penny_head, PN_CAT(u, 0), PN_CAT(u, 1), PN_CAT(u, 2), PN_CAT(u, 3), \
            (combine), PN_CAT(u, 4), PN_CAT(u, 5));                                      \
  })
#define PN_SORT(u, base, count, bytes, compare, context)                              \
  __extension__({                                                                     \
    void *PN_CAT(u, 0) = (base);                                                      \
    size_t PN_CAT(u, 1) = (count), PN_CAT(u, 2) = (bytes);                            \
    void *PN_CAT(u, 3) = (context);                                                   \
    pn_sort(penny_w, penny_head, PN_CAT(u, 0), PN_CAT(u, 1), PN_CAT(u, 2), (compare), \
            PN_CAT(u, 3));                                                            \
  })

#define PN_SPAWN_1(f) PN_SPAWN(f, 0, PN_KEEP_0(pn_a, f, ))
#ifdef PENNY_DEBUG
#define PN_CALL_1(f) __extension__({ PN_DEBUG_FRAME(f) f##_pn_body(penny_w, penny_head); })
#else
#define PN_CALL_1(f) f##_pn_body(penny_w, penny_head)
#endif
#define PN_RUN_1(f)                             PN_RUN(PN_UNIQUE, f, 0, )
#define PN_DETACH_2(group, f)                   PN_DETACH(PN_UNIQUE, group, f, 0, )
#define PN_SPAWN_2(f, a)                        PN_SPAWN(f, 1, PN_KEEP_1(pn_a, f, a))
#define PN_CALL_2(f, a)                         PN_CALL(PN_UNIQUE, f, 1, a)
#define PN_RUN_2(f, a)                          PN_RUN(PN_UNIQUE, f, 1, a)
#define PN_DETACH_3(group, f, a)                PN_DETACH(PN_UNIQUE, group, f, 1, a)
#define PN_SPAWN_3(f, a, b)                     PN_SPAWN(f, 2, PN_KEEP_2(pn_a, f, a, b))
#define PN_CALL_3(f, a, b)                      PN_CALL(PN_UNIQUE, f, 2, a, b)
#define PN_RUN_3(f, a, b)                       PN_RUN(PN_UNIQUE, f, 2, a, b)
#define PN_DETACH_4(group, f, a, b)             PN_DETACH(PN_UNIQUE, group, f, 2, a, b)
#define PN_SPAWN_4(f, a, b, c)                  PN_SPAWN(f, 3, PN_KEEP_3(pn_a, f, a, b, c))
#define PN_CALL_4(f, a, b, c)                   PN_CALL(PN_UNIQUE, f, 3, a, b, c)
#define PN_RUN_4(f, a, b, c)                    PN_RUN(PN_UNIQUE, f, 3, a, b, c)
#define PN_DETACH_5(group, f, a, b, c)          PN_DETACH(PN_UNIQUE, group, f, 3, a, b, c)
#define PN_SPAWN_5(f, a, b, c, d)               PN_SPAWN(f, 4, PN_KEEP_4(pn_a, f, a, b, c, d))
#define PN_CALL_5(f, a, b, c, d)                PN_CALL(PN_UNIQUE, f, 4, a, b, c, d)
#define PN_RUN_5(f, a, b, c, d)                 PN_RUN(PN_UNIQUE, f, 4, a, b, c, d)
#define PN_DETACH_6(group, f, a, b, c, d)       PN_DETACH(PN_UNIQUE, group, f, 4, a, b, c, d)
#define PN_SPAWN_6(f, a, b, c, d, e)            PN_SPAWN(f, 5, PN_KEEP_5(pn_a, f, a, b, c, d, e))
#define PN_CALL_6(f, a, b, c, d, e)             PN_CALL(PN_UNIQUE, f, 5, a, b, c, d, e)
#define PN_RUN_6(f, a, b, c, d, e)              PN_RUN(PN_UNIQUE, f, 5, a, b, c, d, e)
#define PN_DETACH_7(group, f, a, b, c, d, e)    PN_DETACH(PN_UNIQUE, group, f, 5, a, b, c, d, e)
#define PN_SPAWN_7(f, a, b, c, d, e, g)         PN_SPAWN(f, 6, PN_KEEP_6(pn_a, f, a, b, c, d, e, g))
#define PN_CALL_7(f, a, b, c, d, e, g)          PN_CALL(PN_UNIQUE, f, 6, a, b, c, d, e, g)
#define PN_RUN_7(f, a, b, c, d, e, g)           PN_RUN(PN_UNIQUE, f, 6, a, b, c, d, e, g)
#define PN_DETACH_8(group, f, a, b, c, d, e, g) PN_DETACH(PN_UNIQUE, group, f, 6, a, b, c, d, e, g)
#define PN_SPAWN_8(f, a, b, c, d, e, g, h)      PN_SPAWN(f, 7, PN_KEEP_7(pn_a, f, a, b, c, d, e, g, h))
#define PN_CALL_8(f, a, b, c, d, e, g, h)       PN_CALL(PN_UNIQUE, f, 7, a, b, c, d, e, g, h)
#define PN_RUN_8(f, a, b, c, d, e, g, h)        PN_RUN(PN_UNIQUE, f, 7, a, b, c, d, e, g, h)
#define PN_DETACH_9(group, f, a, b, c, d, e, g, h) \
  PN_DETACH(PN_UNIQUE, group, f, 7, a, b, c, d, e, g, h)
#define PN_SPAWN_9(f, a, b, c, d, e, g, h, i) \
  PN_SPAWN(f, 8, PN_KEEP_8(pn_a, f, a, b, c, d, e, g, h, i))
#define PN_CALL_9(f, a, b, c, d, e, g, h, i) PN_CALL(PN_UNIQUE, f, 8, a, b, c, d, e, g, h, i)
#define PN_RUN_9(f, a, b, c, d, e, g, h, i)  PN_RUN(PN_UNIQUE, f, 8, a, b, c, d, e, g, h, i)
#define PN_DETACH_10(group, f, a, b, c, d, e, g, h, i) \
  PN_DETACH(PN_UNIQUE, group, f, 8, a, b, c, d, e, g, h, i)

#endif
