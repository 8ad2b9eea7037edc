/*
 * urgent.pml: N urgent roots that a host submits while two workers sleep, look for work, or are inside
 * long tasks: ones that poll, leaves, joins (src/priority.c, PRIORITY.md).
 *
 * A task that polls is always about to poll again and never ends; a leaf never polls; a join never
 * ends; an urgent root ends or does not. Checked when nothing moves any more (`timeout`): no urgent root
 * is left, unless every worker is in a leaf or in another one. So the bit is never lost, and a wake-up
 * that is meant for one finds somebody who looks.
 * Mutants: LOWER_AFTER RAISE_BEFORE_PUSH COUNT_AFTER_PUSH NO_CHAIN NO_RERAISE FAIR_BLIND DEEP_LOWERS
 *   JOIN_NO_RECHECK JOIN_NO_WAKE
 */
#ifndef N
#define N 3
#endif
#define W 2

byte state[W] = 1; /* 0 asleep, 1 awake, 3 parked in a join */
bit want[W];       /* PN_WANT_URGENT; that a raised bit is seen at the next poll is task_stack.pml */
byte idle, joining, urgent, inbox, deque[W], started;
byte in_leaf; /* workers in a leaf, or in an urgent root that does not end */

#define VISIBLE (inbox || deque[0] || deque[1])
#define P_HOLDS (in_leaf == W || !VISIBLE && started == N)

/* pn_priority_sees_urgent: r */
inline sees(r) {
    // C: src/priority.c: return pn_load_seq_cst(&control->urgent) != 0 &&
    if
    :: urgent == 0 -> r = 0
    :: else ->
        // C: src/priority.c: if (!pn_queue_is_empty(&control->inbox[p].newest)) return true;
        if
        :: inbox -> r = 1
        :: else ->
            // C: src/priority.c: if (!pn_deque_is_empty(&pn_worker_at(control, i)->roots_of[p])) return true;
            if
            :: deque[0] -> r = 1
            :: else -> r = (deque[1] > 0)
            fi
        fi
    fi
}

inline raise_at(k) {
    if
    // C: src/priority.c: if (pn_load_seq_cst(&w->want) & PN_WANT_URGENT) continue;
    :: want[k]
    // C: src/priority.c: pn_stack_request(w, PN_WANT_URGENT);
    :: else -> want[k] = 1;
#ifndef JOIN_NO_WAKE
        // C: src/priority.c: pn_park_wake_joiner(w);
        if
        :: atomic { state[k] == 3 -> state[k] = 1 }
           joining--
        :: else
        fi
#endif
    fi
}

/* pn_priority_urge */
inline urge(woken) {
    woken = 0;
    // C: src/priority.c: if (!pn_park_wake_one(control)) pn_priority_raise(control);
    if
    :: idle == 0
    :: else ->
        if
        :: atomic { state[0] == 0 -> state[0] = 1; woken = 1 }
           idle--
        :: else ->
            if
            :: atomic { state[1] == 0 -> state[1] = 1; woken = 1 }
               idle--
            :: else
            fi
        fi
    fi;
    if
    :: woken -> woken = 0
    :: else -> raise_at(0); raise_at(1)
    fi
}

/* pn_priority_take: the own deque, the inbox (whole, the rest onto the deque), the other's deque. */
inline take(got, rest) {
    got = 0;
    if
    :: atomic { deque[me] -> deque[me]--; got = 1 }
    :: else ->
        if
        // C: src/priority.c: pn_root *own = pn_queue_take(inbox);
        :: atomic { inbox -> rest = inbox - 1; inbox = 0; got = 1 }
            do
            // C: src/priority.c: pn_deque_push(deque, (uintptr_t)root);
            :: atomic { rest -> rest--; deque[me]++ }
            :: else -> break
            od
        :: else ->
            if
            :: atomic { deque[1 - me] -> deque[1 - me]--; got = 1 }
            :: else
            fi
        fi
    fi
}

/* start_root and the run of what was taken; it polls once itself. */
inline start(r) {
    // C: src/scheduler.c: pn_sub_seq_cst(&w->control->urgent, 1u);
    urgent--;
#ifndef NO_CHAIN
    // C: src/scheduler.c: if (pn_priority_sees_urgent(w->control)) pn_priority_urge(w->control);
    sees(r);
    if
    :: r -> urge(r)
    :: else
    fi;
#endif
    started++;
    if
    :: true
    :: in_leaf++; timeout; assert(P_HOLDS); goto end_over /* it never ends */
    fi;
    if
    // C: src/scheduler.c: if (w->depth >= HELP_ENTRIES || (w->depth && w->root->priority == PN_URGENT)) return;
    :: want[me] -> want[me] = 0
    :: true
    fi;
    r = 0
}

/* pn_sched_run_urgent at a poll or in a join. */
inline run_urgent(got, rest, r) {
#ifndef LOWER_AFTER
    // C: src/scheduler.c: pn_and_seq_cst(&w->want, ~(uint32_t)PN_WANT_URGENT);
    want[me] = 0;
#endif
    // C: src/scheduler.c: if (pn_priority_sees_urgent(w->control)) start_root(w, head, pn_priority_take(w, PN_URGENT));
    sees(r);
    if
    :: r -> take(got, rest)
    :: else
    fi;
    if
    :: got -> start(r);
#ifndef NO_RERAISE
        if
        // C: src/scheduler.c: if (pn_load_seq_cst(&w->control->urgent)) pn_stack_request(w, PN_WANT_URGENT);
        :: urgent -> want[me] = 1
        :: else
        fi
#endif
    :: else
    fi;
#ifdef LOWER_AFTER
    want[me] = 0;
#endif
    atomic { r = 0; got = 0 }
}

/* The same, deep in the task stack. */
inline poll_deep(r) {
    want[me] = 0;
    sees(r);
#ifndef DEEP_LOWERS
    if
    // C: src/scheduler.c: pn_or_seq_cst(&w->want, PN_WANT_URGENT);
    :: r -> want[me] = 1; r = 0
    :: else
    fi
#endif
}

proctype worker(byte me) {
    byte rest;
    bit got, r, is_deep;

step:
    if
    :: true -> /* step_fairly: begins with other work */
#ifndef FAIR_BLIND
        // C: src/scheduler.c: if (pn_priority_sees_urgent(w->control)) pn_priority_urge(w->control);
        sees(r);
        if
        :: r -> urge(r)
        :: else
        fi;
#endif
        goto other
    :: true
    fi;
    // C: src/scheduler.c: if (pn_priority_sees_urgent(w->control) && start_root(w, head, pn_priority_take(w, PN_URGENT))) return true;
    sees(r);
    if
    :: r ->
        take(got, rest);
        if
        :: got -> got = 0; start(r); goto step
        :: else -> r = 0
        fi
    :: else
    fi;
    if
    :: goto other
    :: true
    fi;
    // C: src/park.c: pn_add_seq_cst(class_count(w->control, state), 1u);
    idle++;
    // C: src/park.c: pn_store_seq_cst(&w->state, state);
    state[me] = 0;
    // C: src/park.c: if (!pn_sched_sees_work(w)) return true;
    if
    :: inbox || deque[0] || deque[1] ->
        if
        :: atomic { state[me] == 0 -> state[me] = 1 }
           idle--
        :: else
        fi;
        goto step
    :: else
    fi;
    if
    :: state[me] != 0 -> goto step
    :: timeout -> assert(P_HOLDS); goto end_over
    fi;

other:
    if
    :: in_leaf++; timeout; assert(P_HOLDS); goto end_over
    :: is_deep = 1
    :: true
    :: goto join
    fi;
    do
    // C: src/task_stack.c: if (want & PN_WANT_URGENT) pn_sched_run_urgent(w, head);
    :: want[me] && !is_deep -> run_urgent(got, rest, r)
    :: want[me] && is_deep -> poll_deep(r)
    :: is_deep -> is_deep = 0
    :: timeout -> assert(P_HOLDS); goto end_over
    od;

join:
    do
    // C: src/scheduler.c: if (heeds_urgent && (pn_load_relaxed(&w->want) & PN_WANT_URGENT)) {
    :: want[me] -> run_urgent(got, rest, r)
    :: !want[me] ->
        joining++;
        state[me] = 3;
#ifndef JOIN_NO_RECHECK
        // C: src/park.c: if (heeds_urgent && (pn_load_seq_cst(&w->want) & PN_WANT_URGENT)) is_over = true;
        if
        :: want[me] ->
            if
            :: atomic { state[me] == 3 -> state[me] = 1 }
               joining--
            :: else
            fi
        :: else
        fi;
#endif
        if
        :: state[me] != 3
        :: timeout -> assert(P_HOLDS); goto end_over
        fi
    od;
end_over:
    false /* the first who finds that nothing moves has looked at all there is */
}

proctype host() {
    byte n;
    bit woken;

    do
    :: n < N ->
        n++;
#ifdef RAISE_BEFORE_PUSH
        urgent++;
        urge(woken);
        inbox++
#elif defined(COUNT_AFTER_PUSH)
        inbox++;
        urge(woken);
        urgent++
#else
        // C: src/root.c: if (priority == PN_URGENT) pn_add_seq_cst(&control->urgent, 1u);
        urgent++;
        // C: src/root.c: pn_queue_push(&control->inbox[priority].newest, root);
        inbox++;
        // C: src/root.c: pn_priority_urge(control);
        urge(woken)
#endif
    :: else -> break
    od
}

init { atomic { run worker(0); run worker(1); run host() } }
