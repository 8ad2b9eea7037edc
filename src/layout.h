/*
 * layout.h: the memory map. Every offset that C and JavaScript share is written here, once.
 *
 * Words used everywhere: worker (an executor with a task stack), owner (the worker whose block it
 * is), thief and victim, task (one spawned call), spawn, sync (pop the newest spawned task), join
 * (wait for a stolen one), steal, publish (make private tasks visible to thieves), park (sleep on
 * one's own state word), root (a task submitted by the host or detached by a task, with everything
 * spawned below it), host (the page's thread), entry (a task running under a trampoline).
 *
 *   low addresses                                                          high addresses
 *   | module data | host's C stack | control | worker 0 | worker 1 | ... | heap ........... |
 *                                            '--- worker_bytes each ---'   page map, pages:
 *                                                        tasks, roots, C stacks, user blocks
 *
 *   worker block, by 64-byte line, one writer (or one kind of writer) a line:
 *   0 state id | 1 limit guard want | 2 top+split | 3-8 per priority: root top | root bottom, buffer |
 *   9-10 private | statistics | result in hand | chunk directory | entries | storage | heap context
 *
 * I1  A field's writers are named beside it; whoever else reads it does so atomically.
 * I2  A test compares every offset with js-glue/layout.gen.js; the hash of all of them is checked
 *     by every worker at attach.
 */
#ifndef PENNY_LAYOUT_H
#define PENNY_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "atomic.h"
#include "heap.h"

#define PN_MAGIC           0x594E4E50u /* "PNNY" */
#define PN_VERSION         1u
#define PN_LINE            64u
#define PN_MAX_WORKERS     256u
#define PN_CHUNK_TASKS     511u /* tasks in a chunk: 32 KiB with its header */
#define PN_DIRECTORY_PAGES 256u /* pages of the chunk directory */
#define PN_DIRECTORY_CHUNKS \
  512u /* chunks a page: 256 * 512 * 511 = 67 million tasks, 4 GiB of them */
#define PN_ENTRIES \
  64u /* nested entries: of these joins that help take half, the rest are for futures */
#define PN_LOCAL_KEYS 32u /* keys of per-worker storage */
#define PN_LOOP_COSTS 16u /* loop bodies whose cost a worker remembers */

typedef struct pn_worker pn_worker;
typedef struct pn_task pn_task;
typedef struct pn_root pn_root;
typedef struct pn_control pn_control;
typedef struct pn_chunk pn_chunk;
typedef struct pn_group pn_group;

/* ---- task: one 64-byte line of a task stack ---- */

enum {
  PN_FREE = 0,     /* written by spawn with the type; nobody has begun it */
  PN_RUNNING = 1,  /* a thief runs it */
  PN_RETURNED = 2, /* its thief may not run it and gave it back: the joiner runs or fails it */
  PN_DONE = 3,     /* the thief stored the result and will not touch the record again */
  PN_FAILED = 4,   /* the same, but it failed: the error is with its root */
  PN_WAITED = 16,  /* flag, set by the joiner before it parks: whoever finishes must wake it */
};

struct pn_task {
  PN_ALIGN(64)
  const struct pn_task_type *type; /* owner writes; the thief reads after it has won the task */
  uint32_t
      status;     /* PN_FREE and so on: owner resets; thief, joiner and whoever buries one by atomic
                      read-modify-write (scheduler.c) */
  uint32_t thief; /* the winning thief writes its id + 1; the joiner reads it to steal back */
  PN_ALIGN(16)
  unsigned char payload[48]; /* arguments of 8 bytes each, then the result; more than 6: pointer to
                                a line */
};
PN_ASSERT(sizeof(pn_task) == 64, "a task is one line");
PN_ASSERT(offsetof(pn_task, payload) == 16, "payload follows a 16-byte header");
#ifdef __wasm__
PN_ASSERT(offsetof(pn_task, status) == 4, "type and status are one 8-byte store");
#endif

/* A run of consecutive slots of one task stack; the address of a slot never changes. Owner only,
 * but for the slots. */
struct pn_chunk {
  PN_ALIGN(64) uint32_t base; /* index of the first slot */
  uint32_t number;            /* position in the directory */
  unsigned char *spill;       /* PN_CHUNK_TASKS lines for arguments that do not fit, or NULL */
  PN_ALIGN(64) pn_task tasks[PN_CHUNK_TASKS];
};
PN_ASSERT(sizeof(pn_chunk) == 32768, "a chunk is two heap pages");

/* ---- root: what the host submits or a task detaches ---- */

enum { PN_QUEUED = 0, PN_STARTED = 1, PN_ENDED = 2 };
/* A root's state without the worker. */
static inline uint32_t pn_root_step(uint32_t state) {
  return state & 255;
}
enum { PN_KIND_HOST = 0, PN_KIND_JS = 1, PN_KIND_FUTURE = 2, PN_KIND_RUN = 3, PN_KIND_SUBMIT = 4 };
/* What is looked for first: user-blocking, user-visible, background. */
enum { PN_URGENT = 0, PN_NORMAL = 1, PN_BACKGROUND = 2, PN_PRIORITIES = 3 };

struct pn_root {
  PN_ALIGN(64)
  pn_root *link;  /* inbox and completions: written before the push, read after the take */
  uint32_t state; /* PN_QUEUED -> PN_STARTED | mark by compare-exchange of the worker that runs it;
                     -> PN_ENDED | mark by that worker */
  uint32_t kind;  /* constant */
  int32_t error;  /* first failure: 0 -> negative code, by compare-exchange of the failing worker */
  uint32_t
      cancel; /* anybody sets it, once, to the code (positive) that its tasks shall fail with */
  uint32_t ticket; /* the host's ledger slot; constant */
  uint32_t refs;   /* holders: queue, future, group */
  uint32_t waiter; /* id + 1 of the first worker that waits for this future; by compare-exchange. JS
                      task: 1 while its promise is pending, written by its worker */
  uint32_t message_bytes; /* length of message */
  char *message;    /* heap copy of the failure's message, or NULL; written by who set `error` */
  const char *name; /* the task's name: constant, static */
  const char *failed_name; /* name of the task that failed, when known */
  pn_group *group;         /* the group that it was detached into, or NULL; constant */
  pn_root *next_member; /* link of that group's list: written before the push, then by the waiter */
  void *data; /* JS task: encoded arguments, then the encoded result; submit: the user's context */
  uint32_t data_bytes;
  uint32_t target; /* JS task: index in the task table */
  uint32_t owner;  /* JS task detached by a worker: its id + 1; the end is told to it, not to the
                      host; constant */
  void *progress;  /* JS task: what it said last of its progress, encoded; by exchange */
  struct pn_root_array *arrays; /* JS task: arrays that its tasks made; pushed by any of them */
  pn_root *late_next;           /* JS task with a pending promise: the list of its worker's; its */
  pn_root *late_before;         /* worker only, the host after its death */
  void (*done)(void *context, int error); /* submit: called on the worker at the end */
  uint32_t priority;                      /* PN_URGENT and so on; constant */
  pn_root
      *parent;  /* JS task detached by another: that one, which lives as long, or NULL; constant */
  pn_root *top; /* the last of its parents, or itself; constant */
  PN_ALIGN(64) pn_task task;            /* function, status and arguments, as in a task stack */
  PN_ALIGN(64) unsigned char spill[64]; /* arguments when there are more than 6 */
};

/* ---- worker block ---- */

enum { PN_SLEEPING = 0, PN_AWAKE = 1, PN_BLOCKED = 2, PN_JOINING = 3, PN_LEFT = 4 };
enum { PN_WANT_STEAL = 1, PN_WANT_POLL = 2, PN_WANT_URGENT = 4 };

/* A root deque (deque.h). */
typedef struct pn_deque {
  PN_ALIGN(64) uint64_t top;    /* its old end: thieves and owner by compare-exchange */
  PN_ALIGN(64) uint64_t bottom; /* its young end: owner writes, thieves read */
  struct pn_deque_buffer *buffer;
} pn_deque;

/* What a worker noted (trace.h), read by the host. */
typedef struct pn_event {
  uint64_t ms_bits; /* a double: penny_now_ms */
  uint32_t kind;    /* PN_TRACE_BEGIN and so on */
  uint32_t value;   /* by kind */
  const char *name; /* static, or NULL */
} pn_event;

/* One task running under a trampoline. Thieves that won slot t find its root as the entry with the
 * greatest base <= t. */
typedef struct pn_entry {
  uint32_t base;   /* task stack index at entry, index_base - 1 when the entry is not in use; owner
                      writes, thieves read */
  uint32_t victim; /* id + 1 of the worker whose task it is, 0 for a root */
  pn_root *root;   /* owner writes before base, thieves read after base */
  pn_task *task;   /* owner, and the host after the owner's death */
  pn_task *head;   /* where the task stack is put back to */
  void *scratch;   /* newest scratch block at entry: newer ones are freed when the entry fails */
  pn_root
      *future; /* the one that a PENNY_GET in this entry waits for: released when the entry fails */
} pn_entry;

/* What penny_for has learned of a body on this worker (loops.c); one writer, the owner. */
typedef struct pn_loop_cost {
  uintptr_t body; /* the function, and the size of its ranges by powers of two, in the low bits */
  uint32_t uses;  /* loops that began with this entry */
  uint32_t wary;  /* loops for which `piece` stays as small as it is */
  int64_t piece;  /* iterations that are worth a task, at least 1 */
} pn_loop_cost;

struct pn_worker {
  /* line 0: the park word. Owner and wakers by compare-exchange. */
  PN_ALIGN(64)
  uint32_t state; /* +0 PN_SLEEPING, PN_AWAKE, PN_BLOCKED or PN_JOINING; the only word the owner
                     waits on */
  uint32_t id;    /* +4 0..n-1; constant */
  /* line 1: read by every spawn and sync. Owner and requesters. */
  PN_ALIGN(64)
  uintptr_t limit; /* +64 end of the current chunk, or 0: the next spawn takes the slow path */
  uintptr_t guard; /* lowest slot that sync may pop by itself, or UINTPTR_MAX: the next sync takes
                      the slow path */
  uint32_t want;   /* PN_WANT_* bits: requesters set, only the owner clears */
  /* line 2: the public part of the task stack. Thieves and owner, always by an atomic
   * read-modify-write. */
  PN_ALIGN(64)
  uint64_t ts; /* +128 top (low 32 bits) and split (high 32 bits): slots top..split-1 are public */
  pn_root *root; /* root of the newest entry; owner writes, joiners read it to choose a victim */
  pn_root
      *helps; /* while parked in a join: the root that it may help, or NULL; owner writes, wakers
                     compare it */
  /* lines 3 to 8: roots that this worker moved here from the inbox, by priority. */
  pn_deque roots_of[PN_PRIORITIES]; /* +192 */
  /* lines 9 to 10: private to the owner (the host after its death). */
  PN_ALIGN(64) pn_chunk *chunk; /* +576 chunk that holds the newest task */
  pn_task *sync_head;           /* what a slow sync hands back beside its result */
  uint32_t depth;               /* entries in use */
  uint32_t random;              /* state of the victim choice */
  uint32_t last_victim;         /* id of the last victim that had work */
  uint32_t ticks;               /* rounds of the scheduling loop, for fairness */
  uint32_t starts;              /* of other work since background roots had their turn */
  uint32_t crumbs;              /* tiny stolen tasks in a row */
  double hesitation_ms;         /* how long it leaves others alone after a tiny stolen task */
  double hesitates_until_ms;
  uint32_t open_spawns; /* debug builds: tasks spawned and not yet synced */
  void *scratch;        /* newest scratch block; each begins with the address of the one before */
  pn_control *control;  /* constant */
  void *stack;          /* base of this worker's C stack (web), freed when it retires */
  uint32_t is_gone;     /* host: the worker has ended and was buried */
  uint32_t mark; /* (id + 1) << 8, and above 17 bits how many workers had this block before: what a
                    root's state says of who runs it; the host writes it between two workers */
  pn_event *trace; /* a ring of control->trace_events, or NULL; the host sets it before the start */
  double published_ms; /* when it published last */
  double asks_at_ms;   /* when it may ask others for work again */
  /* statistics: the owner stores, anybody reads. */
  PN_ALIGN(64) uint64_t steals; /* +704 tasks won from others and run */
  uint64_t joins_helped;        /* of these, inside a join */
  uint64_t publishes;           /* times that it made private tasks public */
  uint64_t parks;               /* times that it went to sleep */
  uint64_t roots;               /* roots that it began */
  uint64_t published_tasks;     /* tasks made public */
  uint64_t traced;              /* events noted so far */
  PN_ALIGN(64) pn_task got;     /* the result that the last PENNY_GET hands back */
  PN_ALIGN(64)
  pn_root *ended; /* roots that its JavaScript detached and that have ended: pushed by whoever ended
                     them, taken whole by the owner */
  PN_ALIGN(64)
  pn_root *late; /* roots with a pending promise here; owner, the host after its death */
  /* private to the owner; thieves read the directory and the entries of slots that they hold. */
  PN_ALIGN(64) pn_chunk **directory[PN_DIRECTORY_PAGES];
  PN_ALIGN(64) pn_entry entries[PN_ENTRIES];
  PN_ALIGN(64) void *local[PN_LOCAL_KEYS];
  PN_ALIGN(64) pn_loop_cost loop_costs[PN_LOOP_COSTS]; /* private to the owner */
  PN_ALIGN(64) pn_heap_context heap;
};
PN_ASSERT(offsetof(pn_worker, limit) == 64, "line 1");
PN_ASSERT(offsetof(pn_worker, ts) == 128, "line 2");
PN_ASSERT(offsetof(pn_worker, roots_of) == 192, "line 3");
PN_ASSERT(sizeof(pn_deque) == 128, "two lines");
PN_ASSERT(offsetof(pn_worker, chunk) == 576, "line 9");

/* ---- control block ---- */

/* Submitted roots of one priority. */
typedef struct pn_inbox {
  PN_ALIGN(64) pn_root *newest; /* pushed by anybody, taken whole by a worker */
} pn_inbox;

struct pn_control {
  PN_ALIGN(64)
  uint32_t magic;       /* +0; this line is constant after creation, but for shutdown and workers */
  uint32_t version;     /* +4 */
  uint32_t layout_hash; /* +8 */
  uint32_t max_workers; /* +12 */
  uint32_t workers;     /* +16 blocks that were ever in use: the host raises it, everybody reads */
  uint32_t shutdown;    /* +20 host sets it once */
  uint32_t locals;      /* per-worker storage keys given out; anybody adds */
  uint32_t index_base;  /* first task stack index: 0, but for tests of the wrap at 2^32 */
  uint32_t host_lock;   /* foreign native threads share host_heap; never used on a web page */
  pn_worker *worker_base;
  uint32_t worker_bytes;
  uint32_t live;   /* workers that have not left: the host writes, everybody reads */
  uint32_t target; /* workers with this id or a greater one leave; the host writes */
  uint32_t cores;  /* so many workers are kept awake by spawned tasks; constant */
  /* idle and joining: workers that announced themselves. Added by the sleeper, taken back by
   * whoever ends the sleep. */
  PN_ALIGN(64) uint32_t idle;    /* +64 */
  uint32_t turn;                 /* where the next search for a thief begins: wakers add */
  PN_ALIGN(64) uint32_t joining; /* +128 */
  pn_inbox inbox[PN_PRIORITIES]; /* +192 */
  PN_ALIGN(64)
  pn_root *completions; /* +384 newest first; pushed by workers, taken whole by the host */
  PN_ALIGN(64)
  uint32_t urgent; /* +448 urgent roots in inboxes, root deques and hands, or more (priority.c: I1):
                      anybody adds before the push, the taker takes one off */
  PN_ALIGN(64) uint32_t signal; /* +512 counts batches of completions; the host waits on it */
  uint32_t ring;                /* 1: the host cannot wait on memory and wants a message instead */
  uint32_t trace_events;        /* a worker's ring of events: a power of two, or 0; constant */
  uint32_t stack_bytes;         /* of a worker's C stack (web); constant */
  PN_ALIGN(64) uint32_t local_bytes[PN_LOCAL_KEYS];
  PN_ALIGN(64) pn_heap heap;
  PN_ALIGN(64) pn_heap_context host_heap;
};
PN_ASSERT(offsetof(pn_control, idle) == 64, "line 1");
PN_ASSERT(offsetof(pn_control, completions) == 384, "line 6");
PN_ASSERT(offsetof(pn_control, signal) == 512, "line 8");

static inline uint32_t pn_top(uint64_t ts) {
  return (uint32_t)ts;
}
static inline uint32_t pn_split(uint64_t ts) {
  return (uint32_t)(ts >> 32);
}
static inline uint64_t pn_pack(uint32_t top, uint32_t split) {
  return (uint64_t)split << 32 | top;
}
static inline uint32_t pn_entry_unused(const pn_control *control) {
  return control->index_base - 1;
}
static inline pn_worker *pn_worker_at(const pn_control *control, uint32_t id) {
  return (pn_worker *)((char *)control->worker_base + (size_t)id * control->worker_bytes);
}

#endif
