/*
 * ended.pml: what a JavaScript task detaches (src/JS_TASKS.md, QUEUES.md): roots whose ends are told to the worker that
 * detached them, by its `ended` list. O runs the parent, an async task, which detaches N children and awaits them; T
 * takes what it finds, and either ends it in its call or keeps it pending (late). Both may be killed at every step; the
 * host buries them, tells O of T's death, and starts replacements. What O keeps in its JavaScript heap, the ledger by
 * ticket, dies with it.
 *
 * With ENDLESS, child 2 ends only when its end is wanted: the parent is cancelled, or failed by the death of O.
 * Checked (assertions):
 *   S  a child ends once, is settled once, and nobody touches it after its release;
 *   P  when nothing moves any more: O, if it lives, has settled all children and lost no memory but what was in T's dead
 *      hand and is void; the list is empty; nobody who lives runs a child.
 * The inbox is a channel (queues.pml has it). Simplified: O's own children end in their call.
 * Mutants: NO_MARK NO_LEDGER WAKE_FIRST NO_RECHECK SETTLE_BEFORE_TAKE NO_PARENT LOSE_BEFORE_BURY RELINK
 *   LATE_TWICE NO_WAKE_ALL
 */
#define N 2
#define QUEUED 0
#define VOID 1
#define STARTED 10 /* + mark */
#define ENDED 20   /* + mark */
/* pn_worker.mark: of O, of its replacement, of T, of its replacement. */
#define O0 0
#define O1 1
#define T0 2
#ifdef NO_MARK
#define T1 2
#else
#define T1 3
#endif
#define TICKET(r) (((r) - 1) % N + 1)

byte state[2 * N + 1], link[2 * N + 1], ended; /* root 0 is none; the copy of r is r + N */
chan inbox = [2 * N] of { byte };
chan mail = [1] of { byte };                   /* the page's messages to O: the mark of the dead */
byte ledger[N + 1], left = N;                  /* of O's JavaScript */
byte entry_o, entry_t, late_t;                 /* in shared memory */
bit asleep, dead_o, dead_t, buried_o, buried_t;
bit parent_over;                               /* the parent's error or cancel is set */
byte settled[N + 1];                           /* ghosts */
bit freed[2 * N + 1];

inline push(r, x) {
    // C: src/queue.h: pn_root *first = pn_load_relaxed(head);
    x = ended;
    do
    // C: src/queue.h: pn_store_relaxed(&root->link, first);
    :: link[r] = x;
       if
       // C: src/queue.h: } while (!pn_cas_seq_cst(head, &first, root));
       :: atomic { ended == x -> ended = r; x = 0; break }
       :: atomic { ended != x -> x = ended }
       fi
    od
}

inline wake() {
    // C: src/root.c: pn_park_wake(owner);
    asleep = 0
}

/* pn_root_end of a root that `from` had begun. */
inline end_root(r, from, x) {
    // C: src/root.c: pn_store_release(&root->state, ended); /* as below
    atomic { assert(!freed[r] && state[r] == STARTED + from); state[r] = ENDED + from }
#ifdef WAKE_FIRST
    wake();
    push(r, x)
#else
    // C: src/root.c: pn_queue_push(&owner->ended, root);
    push(r, x);
    wake()
#endif
}

/* Its body: until it is done, or sees at a poll that its end is wanted. */
inline body(r) {
#ifdef ENDLESS
    // C: src/root.c: for (const pn_root *at = root; at; at = at->parent)
#ifdef NO_PARENT
    TICKET(r) != 2
#else
    TICKET(r) != 2 || parent_over
#endif
#else
    skip
#endif
}

inline release(r) {
    atomic { assert(!freed[r]); freed[r] = 1 }
}

inline settle(r) {
    if
    // C: js-glue/entries.js: if (task?.root === root) {
    :: mark == O0 && ledger[TICKET(r)] == r -> atomic { ledger[TICKET(r)] = 0; settled[TICKET(r)]++; left-- }
    :: else
    fi;
    // C: js-glue/entries.js: else exports.pn_web_release(root);
    release(r)
}

/* settleEnded (the order does not matter here) */
inline drain() {
    // C: js-glue/entries.js: for (let root = view && exports.pn_web_ended() >>> 0; root; ) {
    atomic { f = ended; ended = 0 }
    do
    :: f ->
        // C: js-glue/entries.js: const next = view.get(root + layout.ROOT_LINK);
        next = link[f];
        settle(f);
        f = next
    :: else -> next = 0; break
    od
}

/* lost(mark), the first part: recover (ledger.js). */
inline lose() {
#ifndef NO_LEDGER
    i = 1;
    do
    :: i <= N ->
        if
        // C: js-glue/ledger.js: for (const { root } of out()) exports.pn_web_lose(root, mark);
        // C: src/js_tasks.c: if (pn_load_acquire(&root->state) != (PN_STARTED | mark)) return;
        :: ledger[i] && state[ledger[i]] == STARTED + m -> end_root(ledger[i], m, x)
        :: else
        fi;
        i++
    :: else -> i = 0; break
    od;
    atomic { lost = m; m = 0 }
#else
    m = 0
#endif
}

/* And the second: a little later, again until nothing is left. */
inline recover() {
#ifndef SETTLE_BEFORE_TAKE
    // C: js-glue/ledger.js: if (isAllTold()) inState(ENDED | mark).forEach(settle);
    drain();
#endif
    i = 1;
    do
    :: i <= N ->
        if
        :: ledger[i] && state[ledger[i]] == ENDED + lost -> f = ledger[i]; settle(f); f = 0
        // C: js-glue/ledger.js: if (queued.length && exports.pn_web_is_drained())
        // C: js-glue/ledger.js: for (const each of queued) each.root = exports.pn_web_requeue(each.root) >>> 0;
        // C: src/port_web.c: if (!pn_cas_acq_rel(&root->state, &expected, PN_ENDED)) {
        :: ledger[i] && state[ledger[i]] == QUEUED && ledger[i] <= N && len(inbox) == 0 ->
#ifdef RELINK
            inbox!i
#else
            if
            :: atomic { state[i] == QUEUED -> state[i] = VOID }
               ledger[i] = i + N;
               inbox!i + N
            :: atomic { else -> skip }
            fi
#endif
        :: else
        fi;
        i++
    :: else -> i = 0; break
    od;
    /* Nothing is queued any more that was before: done. */
    if
    :: (!ledger[1] || ledger[1] > N || state[1] != QUEUED) && (!ledger[2] || ledger[2] > N || state[2] != QUEUED) -> lost = 0
    :: else
    fi
}

proctype thief(byte mark; bit is_first) {
    byte f, x;
    {
end:    do
        :: inbox?f ->
            assert(!freed[f]);
            if
            // C: src/root.c: return pn_cas_acq_rel(&root->state, &expected, PN_STARTED | w->mark);
            :: atomic { state[f] == QUEUED -> state[f] = STARTED + mark }
                // C: src/scheduler.c: pn_store_release(&entry->base, pn_stack_index(w, head));
                entry_t = f;
end_body:       body(f);
                if
                :: entry_t = 0
                // C: src/port_web.c: pn_js_begin_late(worker, root);
                :: late_t = f;
                   entry_t = 0;
                   late_t = 0
                fi;
                end_root(f, mark, x)
            :: atomic { state[f] != QUEUED -> skip }
                // C: src/scheduler.c: pn_root_release(root); /* somebody who waited for it has run it
                release(f)
            fi;
            f = 0
        od
    } unless { is_first && dead_t }
}

proctype owner(byte mark) {
    byte f, x, i, next, m, lost;
    {
        if
        :: mark == O0 ->
            do
            :: i < N -> atomic { i++; ledger[i] = i }
               // C: src/js_tasks.c: if (!pn_root_submit(w->control, root)) return root;
               inbox!i
            :: else -> i = 0; break
            od
        :: else
        fi;
end:    do
        :: mark == O0 && left == 0 -> break
        // C: src/port_web.c: if (!pn_queue_is_empty(&w->ended)) return AGAIN;
        :: ended -> drain()
        :: inbox?f ->
            /* Never a void one: it makes them when it holds none. */
            atomic { assert(!freed[f] && state[f] == QUEUED); state[f] = STARTED + mark }
            entry_o = f;
end_body:   body(f);
            entry_o = 0;
            end_root(f, mark, x);
            f = 0
        :: mark == O0 && len(mail) -> mail?m; lose()
        :: lost -> recover()
        :: !lost && len(inbox) == 0 && !ended ->
            /* pn_park_announce, then the event loop until the state says otherwise */
            // C: src/park.c: pn_store_seq_cst(&w->state, state);
            asleep = 1;
            if
#ifndef NO_RECHECK
            // C: src/scheduler.c: if (!pn_queue_is_empty(&w->ended)) return true;
            :: ended -> asleep = 0
            :: !ended ->
#else
            :: true ->
#endif
end_sleep:      do
                :: !asleep -> break
                :: mark == O0 && len(mail) -> mail?m; lose()
                :: lost -> recover()
                :: mark == O0 && left == 0 -> break
                od
            fi
        od
    } unless { mark == O0 && dead_o }
}

proctype host() {
    byte f, x;

end:
    do
    :: dead_t && !buried_t ->
#ifdef LOSE_BEFORE_BURY
        mail!T0;
#endif
        /* pn_pool_bury: it may have died between its push and the wake-up */
#ifndef NO_WAKE_ALL
        // C: src/bury.c: pn_park_wake_all(control);
        asleep = 0;
#endif
        /* A root whose promise is pending is not ended with its entry. */
        if
        // C: src/bury.c: pn_root_end(w, entry->root);
#ifdef LATE_TWICE
        :: entry_t -> f = entry_t; end_root(f, T0, x); entry_t = 0
#else
        // C: src/root.c: if (kind == PN_KIND_JS && root->waiter) return;
        :: entry_t && entry_t != late_t -> f = entry_t; end_root(f, T0, x); entry_t = 0
#endif
        :: else -> entry_t = 0
        fi;
        // C: js-glue/faults.js: const mark = view.exports.pn_web_lose_late(id) >>> 0;
        if
        :: late_t -> f = late_t; late_t = 0; end_root(f, T0, x)
        :: else
        fi;
        f = 0;
#ifndef LOSE_BEFORE_BURY
        // C: js-glue/faults.js: worker?.postMessage({ penny: 'lost', message: mark });
        mail!T0;
#endif
        // C: src/bury.c: w->mark += 1u << 17;
        buried_t = 1;
        run thief(T1, 0)
    :: dead_o && !buried_o ->
        asleep = 0;
        if
        :: entry_o -> f = entry_o; end_root(f, O0, x); entry_o = 0; f = 0
        :: else
        fi;
        // C: src/js_tasks.c: pn_js_fail_late(w, PENNY_EWORKER);
        parent_over = 1;
        buried_o = 1;
        run owner(O1)
    od
}

proctype killer() {
    if
#ifndef T_LIVES
    :: dead_t = 1
#endif
    :: true
    fi
}

proctype killer_of_owner() {
    if
    :: dead_o = 1
    :: true
    fi
}

proctype canceller() {
    if
    :: parent_over = 1
    :: dead_o
    fi
}

/* Or begun by one that died before the entry, when nobody waits for it any more. */
#define OVER(r) (state[r] < STARTED || state[r] >= ENDED || state[r] == STARTED + O0 || (dead_t && state[r] == STARTED + T0))
#define RELEASED(r) (freed[r] || (state[r] == VOID && dead_t))
#define COPY_RELEASED(r) (freed[r + N] || state[r] != VOID)
proctype judge() {
    timeout;
    assert(!ended);
    if
    :: !dead_o ->
        assert(settled[1] == 1 && settled[2] == 1 && left == 0);
        assert(RELEASED(1) && RELEASED(2) && COPY_RELEASED(1) && COPY_RELEASED(2))
    :: else -> assert(settled[1] <= 1 && settled[2] <= 1 && OVER(1) && OVER(2) && OVER(3) && OVER(4))
    fi
}

init {
    atomic {
        run thief(T0, 1); run owner(O0); run host(); run killer(); run killer_of_owner(); run judge();
#ifdef ENDLESS
        run canceller()
#endif
    }
}
