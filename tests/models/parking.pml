/*
 * parking.pml: W workers and a host that submits ROOTS root tasks; idle workers sleep in state 0,
 * joiners park in state 3 (src/park.c, PARKING.md).
 *
 * A root task (level 1) publishes one child (level 2), which publishes one grandchild (level 3, a leaf);
 * each joins its child, which was stolen or not. Queues are reduced to one public task a worker and
 * a counter for the inbox: their own protocols are other models. Checked, whenever all others are
 * asleep or in a long leaf (`timeout`): no idle worker sleeps while work is visible, no joiner
 * sleeps while work of its root is visible or its child is done; at the end all is done and counted.
 * With SPARE so many workers are more than there are cores: then tasks may be visible to sleepers while as
 * many are awake as there are cores; roots may not. With ALONE joiners do not help.
 * Mutants: NO_RECHECK LATE_ANNOUNCE BLIND_DECREMENT CHECK_WAITED_FIRST WAKE_JOINER_FOR_ROOT NO_CHAIN
 *   JOIN_NO_RECHECK JOIN_NO_WAKE BLIND_WAKE NO_STEAL_CHAIN; with SPARE: JOIN_NO_PASS TASK_FIRST CAP_ROOTS
 *   COUNT_IDLE
 */
#ifndef SPARE
#define SPARE 0
#endif
#ifndef W
#define W 2
#endif
#ifndef ROOTS
#define ROOTS 2
#endif
#ifdef SHALLOW
#define LEAF 2 /* the child of a root is a leaf */
#elif defined(TWINS)
#define LEAF 4 /* one level more, and who publishes a leaf publishes another one before it */
#else
#define LEAF 3
#endif
#define FREE 0
#define DONE 2
#define WAITED 16

byte state[W] = 1; /* 0 asleep, 1 running, 3 parked in a join */
byte idle, joining;
byte inbox, deque, started, done, in_leaf; /* deque: root tasks taken from the inbox and pushed */
bit twin[W];       /* a second public leaf below pub, to which nobody joins here */
byte pub[W];       /* level of the public task of this worker, 0: none */
byte root[W];      /* the root whose tasks are on this worker's stack, 0: none */
byte status[W];    /* status word of the one child that this worker has spawned */

#define ROOTS_VISIBLE (inbox || deque)
#if W == 2
#define TASKS_VISIBLE (pub[0] || pub[1])
#define FOR(k) (root[0] == root[k] && pub[0] || root[1] == root[k] && pub[1])
#define P_HOLDS (STILL(0) && STILL(1))
#define AWAKE ((state[0] == 1) + (state[1] == 1))
#else
#define TASKS_VISIBLE (pub[0] || pub[1] || pub[2] || twin[0] || twin[1] || twin[2])
#define OF(v, k) (root[v] == root[k] && (pub[v] || twin[v]))
#define FOR(k) (OF(0, k) || OF(1, k) || OF(2, k))
#define P_HOLDS (STILL(0) && STILL(1) && STILL(2))
#define AWAKE ((state[0] == 1) + (state[1] == 1) + (state[2] == 1))
#endif
#define VISIBLE (ROOTS_VISIBLE || TASKS_VISIBLE)
#define MAY_SLEEP(k) (!(state[k] == 0 && TASKS_VISIBLE) && !(state[k] == 3 && HELPS && FOR(k)))
#define STILL(k) (!(state[k] == 0 && ROOTS_VISIBLE) && !(state[k] == 3 && status[k] == DONE) && (MAY_SLEEP(k) || SPARE && AWAKE >= W - SPARE))
#ifdef ALONE
#define HELPS false
#else
#define HELPS true
#endif

/* wake_one_of(PN_SLEEPING): the count first, then compare-exchange on one sleeper; w: 1 when it woke one. */
inline wake_one(k, w) {
    if
    // C: src/park.c: if (pn_load_seq_cst(class_count(control, state)) == 0) return false;
    :: idle == 0
    :: else ->
        k = 0;
        do
        :: k >= W -> break
        :: else ->
            if
            // C: src/park.c: if (pn_load_seq_cst(&w->state) != state) continue;
#ifdef WAKE_JOINER_FOR_ROOT
            :: atomic { state[k] == 3 -> state[k] = 1; w = 1 }
               joining--;
               break
            :: atomic { state[k] != 0 && state[k] != 3 -> k++ }
#else
            :: atomic { state[k] != 0 -> k++ }
#endif
            :: state[k] == 0 ->
#ifdef BLIND_DECREMENT
                idle--; /* before, and whether or not, it wins */
#endif
                if
#ifdef BLIND_WAKE
                :: atomic { state[k] = 1; w = 1 } /* a store instead of the compare-exchange */
#else
                // C: src/park.c: if (!pn_cas_seq_cst(&w->state, &expected, PN_AWAKE)) return false;
                :: atomic { state[k] == 0 -> state[k] = 1; w = 1 }
#endif
#ifndef BLIND_DECREMENT
                   // C: src/park.c: pn_sub_seq_cst(class_count(w->control, state), 1u);
                   idle--;
#endif
                   break
#ifndef BLIND_WAKE
                :: atomic { state[k] != 0 -> k++ }
#endif
                fi
            fi
        od
    fi;
    k = 0
}

inline wake_sleeper(whose, k, w) {
    // C: src/park.c: return wake_one_of(control, PN_SLEEPING, first, NULL) || (root && wake_one_of(control, PN_JOINING, first, root));
    wake_one(k, w);
    if
    :: atomic { w -> w = 0 }
#ifndef JOIN_NO_WAKE
    :: !w && joining > 0 ->
        do
        :: k >= W -> break
        // C: src/park.c: if (root && pn_load_acquire(&w->helps) != root) continue;
        :: atomic { k < W && !(state[k] == 3 && HELPS && root[k] == root[whose]) -> k++ }
        :: k < W && state[k] == 3 && HELPS && root[k] == root[whose] ->
            // C: src/park.c: if (!end_sleep(w, state)) continue;
            if
            :: atomic { state[k] == 3 -> state[k] = 1 }
               joining--;
               break
            :: atomic { else -> k++ }
            fi
        od;
        k = 0
#endif
    :: !w && joining == 0
    fi
}

/* pn_park_wake_thief(control, root[whose]): an idle worker, or else a joiner of that root. */
inline wake_for(whose, k, w) {
#if SPARE > 0
    // C: src/park.c: uint32_t asleep = pn_load_seq_cst(&control->idle);
    w = idle;
#ifndef COUNT_IDLE
    // C: src/park.c: asleep += pn_load_seq_cst(&control->joining);
    w = w + joining;
#endif
    // C: src/park.c: return asleep && asleep + control->cores > target;
    if
    :: atomic { w <= SPARE -> w = 0 }
    :: atomic { else -> w = 0 }
       wake_sleeper(whose, k, w)
    fi
#else
    wake_sleeper(whose, k, w)
#endif
}

/* A token for a root that takes a task first: another one for the root. */
inline pass_root(k, w) {
#if SPARE > 0 && !defined(TASK_FIRST)
    // C: src/scheduler.c: if (!root && pn_park_is_crowded(w->control) && pn_priority_sees(w->control, 0, PN_PRIORITIES)) pn_park_wake_one(w->control);
    if
    :: ROOTS_VISIBLE -> wake_one(k, w); w = 0
    :: else
    fi
#else
    skip
#endif
}

/* finish: the thief's last access to the child of `v`, then the wake-up of a waiting owner. */
inline finish(v, s) {
#ifdef CHECK_WAITED_FIRST
    s = status[v];
    status[v] = DONE;
#else
    // C: src/scheduler.c: uint32_t before = pn_exchange_seq_cst(&task->status, (uint32_t)(is_failed ? PN_FAILED : PN_DONE));
    // C: src/scheduler.c: if (before & PN_WAITED) pn_park_wake_joiner(owner);
    atomic { s = status[v]; status[v] = DONE }
#endif
    if
    // C: src/park.c: if (end_sleep(joiner, PN_JOINING)) pn_port_wake(&joiner->state, 1);
    :: atomic { s >= WAITED && state[v] == 3 -> state[v] = 1 }
       joining--
    :: else
    fi;
    atomic { s = 0; v = 0 }
}

inline leaf() {
    if
#ifndef LONG_LEAVES
    :: true
#endif
    :: true -> in_leaf++; timeout; atomic { assert(P_HOLDS); in_leaf-- }
    fi
}

proctype worker(byte me) {
    byte k, w, v, job, from, s;

find:
    do
#ifdef TWINS
    :: atomic { v < W && twin[v] -> twin[v] = 0; root[me] = root[v] }
#ifndef NO_STEAL_CHAIN
       // C: src/scheduler.c: bool is_last = !pn_stack_is_public(victim);
       // C: src/scheduler.c: if (!is_last) pn_park_wake_thief(w->control, found);
       if
       :: pub[v] -> wake_for(me, k, w)
       :: else
       fi;
#endif
       pass_root(k, w);
       v = 0;
       leaf();
       root[me] = 0;
       goto find
#endif
    :: atomic { v < W && pub[v] && !twin[v] -> job = pub[v]; pub[v] = 0; root[me] = root[v] }
       pass_root(k, w);
       if
       :: atomic { job == LEAF -> job = 0 }
          leaf();
          root[me] = 0;
          finish(v, s);
          goto find
       :: atomic { else -> from = v + 1; v = 0 }
       fi;
       break
    :: atomic { v < W && !pub[v] && !twin[v] -> v++ }
    :: atomic { v == W && deque -> v = 0; deque--; started++; root[me] = started; job = 1; break }
    :: atomic { v == W && !deque -> v++ }
    :: atomic { v > W && inbox -> v = inbox - 1; inbox = 0; started++; root[me] = started; job = 1 }
       if
       :: v > 0 -> atomic { deque = deque + v; v = 0 } /* the rest of the batch, one by one in C */
#ifndef NO_CHAIN
           // C: src/scheduler.c: if (pn_priority_sees(control, 0, PN_PRIORITIES) && pn_park_wake_one(w->control)) return;
           wake_one(k, w); w = 0
#endif
       :: else
       fi;
       break
    :: atomic { v > W && !inbox -> v = 0 }
       goto sleep
    od;
    goto body;
sleep:
#ifdef LATE_ANNOUNCE
    if
    :: VISIBLE -> goto find
    :: else -> idle++; state[me] = 0; goto end_asleep
    fi;
#endif
    // C: src/park.c: pn_add_seq_cst(class_count(w->control, state), 1u);
    idle++;
    // C: src/park.c: pn_store_seq_cst(&w->state, state);
    state[me] = 0;
    // C: src/park.c: if (!pn_sched_sees_work(w)) return true;
#ifdef NO_RECHECK
    goto end_asleep;
#endif
    do /* the re-check: every place in turn */
    :: atomic { v < W && !pub[v] && !twin[v] -> v++ }
    :: atomic { v < W && (pub[v] || twin[v]) -> v = 0; break }
    :: atomic { v == W && deque -> v = 0; break }
    :: atomic { v == W && !deque -> v++ }
    :: atomic { v > W && inbox -> v = 0; break }
    :: atomic { v > W && !inbox -> v = 0 }
       goto end_asleep
    od;
    // C: src/park.c: end_sleep(w, PN_SLEEPING);
    if
    :: atomic { state[me] == 0 -> state[me] = 1 }
       idle--
    :: else
    fi;
    goto find;
end_asleep:
    // C: src/park.c: while (pn_load_acquire(&w->state) == state) pn_port_wait(&w->state, state, -1);
    state[me] != 0; /* a wake-up for no reason loops here */
    goto find;

body: /* spawn a child, offer it, work a little, join it */
    if
#ifdef TWINS
    :: job -> leaf()
#else
    :: job == 1 -> leaf()
#endif
    :: else
    fi;
#ifdef TWINS
    atomic { status[me] = FREE; pub[me] = job + 1; twin[me] = (job + 1 == LEAF) }
#else
    atomic { status[me] = FREE; pub[me] = job + 1 }
#endif
    // C: src/task_stack.c: w->depth > 1 ? pn_sched_root_of(w, pn_top(pn_load_relaxed(&w->ts))) : w->root);
    wake_for(me, k, w);
    leaf();
#ifdef TWINS
    twin[me] = 0;
#endif
    if
    :: atomic { pub[me] -> pub[me] = 0 } /* not stolen: called inline (a leaf here) */
       goto joined
    :: else
    fi;
join:
    do
    :: atomic { status[me] == DONE -> break }
#ifdef TWINS
    :: atomic { v < W && v != me && HELPS && twin[v] && root[v] == root[me] -> twin[v] = 0 }
#ifndef NO_STEAL_CHAIN
       // C: src/scheduler.c: bool is_last = !pn_stack_is_public(victim);
       // C: src/scheduler.c: if (!is_last) pn_park_wake_thief(w->control, found);
       if
       :: pub[v] -> wake_for(me, k, w)
       :: else
       fi;
#endif
       v = 0;
       leaf();
#endif
    :: atomic { v < W && v != me && HELPS && pub[v] && !twin[v] && root[v] == root[me] -> pub[v] = 0 }
       leaf(); /* a task of the same root, stolen by the joiner: a grandchild */
       finish(v, s)
    :: atomic { v < W && !(v != me && HELPS && (pub[v] || twin[v]) && root[v] == root[me]) -> v++ }
    :: atomic { v == W && status[me] != DONE -> v = 0 }
       // C: src/park.c: } while (!pn_cas_seq_cst(&task->status, &status, status | PN_WAITED));
       if
       :: atomic { status[me] == FREE -> status[me] = FREE + WAITED }
       :: status[me] == FREE + WAITED
       :: status[me] == DONE -> break
       fi;
       joining++;
       state[me] = 3;
#ifndef JOIN_NO_RECHECK
       if
       // C: src/park.c: bool is_over = (pn_load_seq_cst(&task->status) & ~(uint32_t)PN_WAITED) >= PN_RETURNED;
       :: status[me] == DONE -> goto end_join
       :: else
       fi;
       // C: src/park.c: if (is_over || (root && pn_sched_sees_work_of(w, root))) {
       do
       :: atomic { v < W && v != me && HELPS && (pub[v] || twin[v]) && root[v] == root[me] -> v = 0 }
          goto end_join
       :: atomic { v < W && !(v != me && HELPS && (pub[v] || twin[v]) && root[v] == root[me]) -> v++ }
       :: atomic { v == W -> v = 0; break }
       od;
#endif
#if SPARE > 0 && !defined(JOIN_NO_PASS)
       // C: src/park.c: if (pn_park_is_crowded(w->control)) pn_sched_pass_on(w->control);
       do
       :: v < W ->
           // C: src/scheduler.c: if (pn_stack_is_public(other)) pn_park_wake_thief(control, pn_load_acquire(&other->root));
           if
           :: pub[v] || twin[v] -> wake_for(v, k, w)
           :: else
           fi;
           v++
       :: atomic { v == W -> v = 0; break }
       od;
#endif
       state[me] != 3;
       goto join;
end_join:
       // C: src/park.c: end_sleep(w, PN_JOINING);
       if
       :: atomic { state[me] == 3 -> state[me] = 1 }
          joining--
       :: else
       fi
    od;
joined:
    atomic { v = 0; status[me] = FREE }
    if
    :: atomic { from -> v = from - 1; from = 0; job = 0; }
       root[me] = 0;
       finish(v, s)
    :: atomic { else -> job = 0; root[me] = 0; done++ }
    fi;
    goto find
}

proctype host() {
    byte n, k, w;

    do
    :: n < ROOTS ->
#ifdef LONG_LEAVES
        if /* at once, or when everything is quiet: somebody may have parked in a join */
        :: true
        :: n > 0 -> timeout
        fi;
#endif
        // C: src/root.c: pn_queue_push(&control->inbox[priority].newest, root);
        atomic { inbox++; n++ }
        // C: src/root.c: pn_park_wake_one(control);
#ifdef CAP_ROOTS
        if
        :: idle + joining > SPARE -> wake_one(k, w); w = 0
        :: else
        fi
#else
        wake_one(k, w); w = 0
#endif
    :: else -> break
    od;
    do /* nothing moves: either some leaf is long, or all is done and everybody is asleep and counted */
    :: timeout ->
        assert(P_HOLDS);
        if
        :: done == ROOTS -> assert(idle == W && joining == 0); break
        :: else -> assert(in_leaf > 0)
        fi
    od
}

init {
    atomic {
        run worker(0); run worker(1);
#if W == 3
        run worker(2);
#endif
        run host()
    }
}
