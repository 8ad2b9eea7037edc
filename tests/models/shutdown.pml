/*
 * shutdown.pml: a pool is shut down while its workers spawn, announce themselves, sleep or join.
 *
 * Two workers, a host that submits two roots and then shuts down (TWO), or one while another thread
 * submits one at the same time. A root offers one child; a root or a child may be endless: it ends only when
 * its poll sees the shutdown. A failed root unwinds: it waits for its stolen child. Checked: every
 * submission is settled once, and everybody ends (a process that does not is an invalid end state).
 * Mutants: FLAG_LAST NO_WAKE_ALL NO_TRIP SLEEPER_BLIND SKIP_JOINERS NO_DRAIN DROP_STOLEN
 *   NO_UNWIND_WAIT LOWER_LATE
 */
#define W 2
#define ROOTS 2
#define FREE 0
#define DONE 2
#define WAITED 16

byte state[W] = 1, idle, joining;
bit poll[W] = 1;   /* PN_WANT_POLL, bounds tripped; at first for another reason (a root that failed) */
bit shutdown;
chan inbox = [ROOTS] of { byte };
byte pub[W];       /* 1: the child that this worker offers, not yet stolen */
byte status[W];    /* status word of that child */
bit in_use[W];     /* ghost: the record of the child belongs to a frame that still exists */
byte settled[ROOTS + 1], exited, submitters = 1;

inline wake_one(k) {
    if
    :: idle == 0
    :: else ->
        do
        :: k >= W -> break
        :: atomic { k < W && state[k] == 0 -> state[k] = 1; idle--; break }
        :: atomic { k < W && state[k] != 0 -> k++ }
        od
    fi;
    k = 0
}

inline settle(r) {
    atomic { settled[r]++; assert(settled[r] == 1) }
}

inline submit(r, k) {
    if
    // C: src/root.c: if (!control || pn_load_seq_cst(&control->shutdown)) return PENNY_ECLOSED;
    :: shutdown -> settle(r)
    :: else ->
        // C: src/root.c: pn_queue_push(&control->inbox[priority].newest, root);
        inbox!r;
        // C: src/root.c: pn_park_wake_one(control);
        wake_one(k)
    fi
}

/* An endless body: goes on until a poll finds the root cancelled (pn_sched_check_cancel, pn_root_is_cancelled). */
inline until_cancelled(is_failed) {
    do
    :: poll[me] ->
#ifdef LOWER_LATE
        if
        :: shutdown -> poll[me] = 0; is_failed = 1; break
        :: else -> poll[me] = 0
        fi
#else
        // C: src/scheduler.c: pn_and_seq_cst(&w->want, ~(uint32_t)PN_WANT_POLL);
        poll[me] = 0;
        // C: src/scheduler.c: if (!w->depth || !pn_root_is_cancelled(w->root)) return;
        if
        :: shutdown -> is_failed = 1; break
        :: else
        fi
#endif
    od
}

/* pn_park_join: until the child of `me` has ended. Its only sibling work is its own, so no helping. */
inline join() {
    do
    :: status[me] == DONE -> break
    :: else ->
        // C: src/park.c: } while (!pn_cas_seq_cst(&task->status, &status, status | PN_WAITED));
        if
        :: atomic { status[me] == FREE -> status[me] = WAITED }
        :: else
        fi;
        joining++;
        state[me] = 3;
        if
        // C: src/park.c: bool is_over = (pn_load_seq_cst(&task->status) & ~(uint32_t)PN_WAITED) >= PN_RETURNED;
        :: status[me] == DONE ->
            if
            :: atomic { state[me] == 3 -> state[me] = 1; joining-- }
            :: else
            fi
        :: else
        fi;
        // C: src/park.c: while (pn_load_acquire(&w->state) == state) pn_port_wait(&w->state, state, -1);
        state[me] != 3
    od
}

proctype worker(byte me) {
    byte r, k, s;
    bit is_failed;

step:
    if
    :: inbox?r -> goto run_root
    :: atomic { pub[1 - me] -> pub[1 - me] = 0 } /* steal */
        goto run_stolen
    :: atomic { empty(inbox) && !pub[1 - me] -> skip }
    fi;
    // C: src/scheduler.c: } else if (pn_load_acquire(&w->control->shutdown)) {
    if
    :: shutdown -> goto leave
    :: else
    fi;
    idle++;
    state[me] = 0;
    if /* pn_sched_sees_work */
#ifndef SLEEPER_BLIND
    // C: src/scheduler.c: if (pn_load_seq_cst(&control->shutdown) || pn_priority_sees(control, 0, PN_PRIORITIES))
    :: shutdown -> goto awake
    :: else
    fi;
    if
#endif
    :: nempty(inbox) -> goto awake
    :: atomic { empty(inbox) -> skip }
    fi;
    if
    :: pub[1 - me] -> goto awake
    :: else
    fi;
    state[me] != 0;
    goto step;
awake:
    if
    :: atomic { state[me] == 0 -> state[me] = 1; idle-- }
    :: else
    fi;
    goto step;

run_root:
    // C: src/scheduler.c: if (!pn_root_is_cancelled(w->root)) {
    if
    :: shutdown -> goto end_root
    :: else
    fi;
    atomic { status[me] = FREE; in_use[me] = 1; pub[me] = 1 }
    wake_one(k);
    if /* short, or endless */
    :: true
    :: true -> until_cancelled(is_failed)
    fi;
    is_failed = 0;
    if /* sync, or unwind (pn_stack_unwind): what nobody stole is taken back, what was stolen is waited for */
    :: atomic { pub[me] -> pub[me] = 0 }
    :: atomic { !pub[me] -> skip }
#ifndef NO_UNWIND_WAIT
       join()
#endif
    fi;
    in_use[me] = 0;
end_root:
    // C: src/scheduler.c: pn_root_end(w, root);
    settle(r);
    r = 0;
    goto step;

run_stolen:
    if
    :: shutdown ->
#ifdef DROP_STOLEN
        goto step
#endif
    :: else ->
        if
        :: true
        :: true -> until_cancelled(is_failed)
        fi;
        is_failed = 0
    fi;
    // C: src/scheduler.c: uint32_t before = pn_exchange_seq_cst(&task->status, (uint32_t)(is_failed ? PN_FAILED : PN_DONE));
    atomic { assert(in_use[1 - me]); s = status[1 - me]; status[1 - me] = DONE }
    if
    // C: src/scheduler.c: if (before & PN_WAITED) pn_park_wake_joiner(owner);
    :: atomic { s >= WAITED && state[1 - me] == 3 -> state[1 - me] = 1; joining-- }
    :: else
    fi;
    s = 0;
    goto step;

leave:
    exited++
}

/* pn_pool_shutdown, then pn_pool_destroy. */
proctype host() {
    byte k, r;

    submit(1, k);
#ifdef TWO
    submit(2, k);
#endif
    atomic { submitters--; k = 0 }
#ifndef FLAG_LAST
    // C: src/pool.c: pn_store_seq_cst(&control->shutdown, 1u);
    shutdown = 1;
#endif
#ifndef NO_TRIP
    // C: src/pool.c: pn_sched_request_all(control, PN_WANT_POLL);
    do
    :: k < W -> poll[k] = 1; k++
    :: else -> k = 0; break
    od;
#endif
#ifndef NO_WAKE_ALL
    // C: src/pool.c: pn_park_wake_all(control);
    do
    :: k < W ->
        if
        // C: src/park.c: if (!end_sleep(w, PN_SLEEPING)) end_sleep(w, PN_JOINING);
        :: atomic { state[k] == 0 -> state[k] = 1; idle-- }
        :: atomic { state[k] == 3 -> state[k] = 1; joining-- }
        :: atomic { else -> skip }
        fi;
        k++
    :: else -> k = 0; break
    od;
#endif
#ifdef FLAG_LAST
    shutdown = 1;
#endif
    exited == W && submitters == 0;
#ifndef NO_DRAIN
    do /* a root that was pushed after the last worker's last look */
    // C: src/pool.c: pn_root_refuse(root);
    :: inbox?r -> settle(r)
    :: empty(inbox) -> break
    od;
#endif
    atomic {
        r = 1;
        do
        :: r <= ROOTS -> assert(settled[r] == 1); r++
        :: else -> break
        od;
        assert(idle == 0 && joining == 0)
    }
}

#ifndef TWO
proctype submitter() {
    byte k;

    submit(2, k);
    submitters--
}
#endif

init {
    atomic {
        run worker(0); run worker(1); run host();
#ifndef TWO
        submitters++;
        run submitter()
#endif
    }
}
