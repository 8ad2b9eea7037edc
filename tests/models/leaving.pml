/*
 * leaving.pml: a worker leaves the pool while others publish work (pn_pool_shrink, pn_sched_leave;
 * PARKING.md).
 *
 * Worker 0 stays: it takes roots, and each publishes a child, which it takes back or, in a long leaf, does
 * not. Worker 1 is asked to leave at any moment. Worker 2 is parked in a join and may take children only.
 * Checked when nothing moves any more (`timeout`): worker 1 has left, no idle worker sleeps while a root
 * or a child is visible, and no joiner while a child is.
 * With CROWDED there are two cores: a child wakes nobody while two workers are awake, and an owner that takes
 * its child back rests, unless a thief is lacking (TASK_STACK.md, I4): checked of a worker 0 in a long leaf.
 * Mutants: NO_PASS_ON PASS_TO_IDLE NO_WAKE WAKE_FIRST SLEEPER_BLIND NO_ASK
 */
#ifndef ROOTS
#define ROOTS 2
#endif

byte state[3] = 1; /* 0 asleep, 1 awake, 3 parked in a join */
byte idle, joining, inbox;
bit child, leave, left;
bit want; /* of worker 0: asked for tasks */

#define VISIBLE (inbox || child)
#ifdef CROWDED
#define AWAKE ((state[0] == 1) + (state[2] == 1)) /* of those that stay */
#define P_HOLDS (left && !(state[0] == 0 && VISIBLE) && (AWAKE == 2 || !(state[2] == 3 && child)))
// C: src/park.c: return asleep && asleep + control->cores > target;
#define LACKS_THIEF (idle + joining + 2 > 3 - leave)
#define ASKED (want || AWAKE == 2)
#else
#define P_HOLDS (left && !(state[0] == 0 && VISIBLE) && !(state[2] == 3 && child))
#define LACKS_THIEF true
#define ASKED (want || state[2] != 3)
#endif

/* end_sleep; w: 1 when it was this one. */
inline wake(k, s, count, w) {
    if
    // C: src/park.c: if (!pn_cas_seq_cst(&w->state, &expected, PN_AWAKE)) return false;
    :: atomic { state[k] == s -> state[k] = 1; w = 1 }
       count--
    :: else
    fi
}

/* pn_park_wake_one by a worker: the other one, if it is idle; */
inline wake_idle(w) {
    if
    :: idle -> wake(1 - me, 0, idle, w)
    :: else
    fi
}

/* pn_park_wake_thief: it, or else a joiner. */
inline wake_thief(w) {
    if
    :: LACKS_THIEF -> wake_idle(w); wake_joiner(w)
    :: else
    fi
}

inline wake_joiner(w) {
    if
    // C: src/park.c: return wake_one_of(control, PN_SLEEPING, first, NULL) || (root && wake_one_of(control, PN_JOINING, first, root));
    :: !w && joining -> wake(2, 3, joining, w)
    :: else
    fi;
    w = 0
}

proctype worker(byte me) {
    bit w;

step:
    do
    // C: src/port_web.c: if (pn_sched_is_leaving(w)) {
    :: me == 1 && leave -> goto last
    :: atomic { !(me == 1 && leave) && child -> child = 0 } /* a thief, or the owner */
        if
        :: me == 1 || LACKS_THIEF -> want = 1
        :: else
        fi
    :: atomic { !(me == 1 && leave) && !child && inbox -> inbox-- }
        // C: src/scheduler.c: if (pn_priority_sees(control, 0, PN_PRIORITIES) && pn_park_wake_one(w->control)) return;
        if
        :: inbox -> wake_idle(w); w = 0
        :: else
        fi;
        if
        :: me == 0 ->
            want = 0;
            child = 1;
            wake_thief(w);
            if
            :: true -> timeout; assert(P_HOLDS); goto end_over /* a long leaf */
            :: atomic { child -> child = 0 }
                if
                // C: src/task_stack.c: if (pn_park_lacks_thief(w->control)) return false;
                :: LACKS_THIEF -> want = 1
                :: else
                fi;
                if
                :: true -> timeout; assert(P_HOLDS && ASKED); goto end_over /* another one */
                :: true
                fi
            :: atomic { !child -> skip }
            fi
        :: else
        fi
    :: atomic { !(me == 1 && leave) && !VISIBLE -> break }
    od;
    idle++;
    // C: src/park.c: pn_store_seq_cst(&w->state, state);
    state[me] = 0;
    if
    // C: src/park.c: pn_sched_request_others(w->control, w, PN_WANT_STEAL);
    :: me == 1 -> want = 1
    :: else
    fi;
    if
#ifndef SLEEPER_BLIND
    // C: src/scheduler.c: if (pn_sched_is_leaving(w)) return true;
    :: me == 1 && leave -> wake(me, 0, idle, w); w = 0; goto step
#endif
    :: VISIBLE -> wake(me, 0, idle, w); w = 0; goto step
    :: else
    fi;
    if
    :: state[me] != 0 -> goto step
    :: timeout -> assert(P_HOLDS); goto end_over
    fi;

last:
 /* pn_sched_leave; promises that are pending here may keep it for long after that */
#ifndef NO_PASS_ON
    // C: src/scheduler.c: pn_park_wake_one(control);
    wake_idle(w);
    w = 0;
#ifndef NO_ASK
    // C: src/scheduler.c: pn_sched_request_others(control, w, PN_WANT_STEAL);
    want = 1;
#endif
#ifndef PASS_TO_IDLE
    // C: src/scheduler.c: if (pn_stack_is_public(other)) pn_park_wake_thief(control, pn_load_acquire(&other->root));
    if
    :: child -> wake_joiner(w) /* worker 0, whose child it is, is not idle */
    :: else
    fi;
#endif
#endif
    // C: src/port_web.c: pn_sched_leave(w);
    left = 1;
end_over:
    false
}

/* In a join for a task that does not end. */
proctype joiner() {
    bit w;

end_join:
    do
    :: atomic { child -> child = 0 }
        want = 1
    :: !child ->
        joining++;
        state[2] = 3;
        want = 1;
        if
        :: child -> wake(2, 3, joining, w); w = 0
        :: else ->
end_asleep: state[2] != 3
        fi
    od
}

proctype host() {
    byte n;
    bit w;

    do
    :: n < ROOTS ->
        // C: src/root.c: pn_queue_push(&control->inbox[priority].newest, root);
        atomic { inbox++; n++ }
        // C: src/root.c: pn_park_wake_one(control);
        if
        :: idle -> wake(0, 0, idle, w);
            if
            :: !w -> wake(1, 0, idle, w)
            :: else
            fi
        :: else
        fi;
        w = 0
    :: !leave ->
#ifdef WAKE_FIRST
        wake(1, 0, idle, w);
        leave = 1;
#else
        // C: src/pool.c: pn_store_seq_cst(&control->target, target);
        leave = 1;
#ifndef NO_WAKE
        // C: src/pool.c: for (uint32_t id = target; id < control->workers; id++) pn_park_wake(pn_worker_at(control, id));
        wake(1, 0, idle, w);
#endif
#endif
        w = 0
    :: n == ROOTS && leave -> break
    od
}

init { atomic { run worker(0); run worker(1); run joiner(); run host() } }
