/*
 * buried.pml: what the host does for a killed worker D that waits for its thief V, which waits for it.
 *
 * D runs a root and has spawned task A, which V has stolen and runs. A spawns C; D, in its join of A, may steal C
 * back, and C publishes G, which V, in its join of C, may steal in turn. D is killed at every step or not at all;
 * then the host buries it. The host's `return 1, call again` is a blocking wait here. Checked:
 *   S  G, while it runs, still has the frame of C, and A that of the root; each end is told once (assertions);
 *   P  nobody waits for ever (invalid end state): V comes out of its join, the root is settled, the burial ends.
 * Left out: killed between winning C and marking it (QUEUES.md, Limits; the mutant WIN_THEN_MARK shows it), and
 * between the end of the root's entry and its completion (queues.pml).
 * Mutants: WAIT_ALL_FIRST IN_HAND_LAST IN_HAND_BLIND WAKE_LAST NOTIFY_IF_ENDED NO_TAKE_BACK NO_WAIT EXCHANGE_FIRST
 *   MARK_THEN_NAME WIN_THEN_MARK
 */
#define FREE 0
#define RUNNING 1
#define DONE 3
#define FAILED 4
#define WAITED 16
#define OF(s) ((s) % WAITED)
#define D 1

byte status_a = RUNNING, status_c, status_g;
byte thief_c;            /* the name in the record of C */
bit open_c, open_g;      /* public */
bit stolen_g;            /* won, and not yet joined */
bit entry_1 = 1, entry_2; /* D's entries: the root's, that of C */
byte state = 1;          /* of V: 1 awake, 3 parked in its join of C */
bit asleep;              /* V is inside its futex wait */
bit dead;
byte settled;            /* ghost: how often the root's end was told */

/* pn_park_wake_joiner(V): the state, then the notification. */
inline wake() {
    if
    // C: src/park.c: if (end_sleep(joiner, PN_JOINING)) pn_port_wake(&joiner->state, 1);
    :: atomic { state == 3 -> state = 1 }
       asleep = 0
    :: atomic { else -> skip }
    fi
}

proctype victim() { /* D */
    byte old;

    {
        if
        :: true -> goto join_a /* finds nothing to steal */
        // C: src/task_stack.c: if (!pn_cas_acq_rel(&victim->ts, &ts, pn_pack(top + 1, split))) return PN_LOST;
        // C: src/scheduler.c: pn_store_relaxed(&task->thief, w->id + 1);
        // C: src/scheduler.c: pn_or_seq_cst(&task->status, (uint32_t)PN_RUNNING);
#ifdef WIN_THEN_MARK
        :: atomic { open_c -> open_c = 0 }
           atomic { thief_c = D; status_c = status_c + RUNNING }
#elif defined(MARK_THEN_NAME)
        :: atomic { open_c -> open_c = 0; status_c = status_c + RUNNING }
           thief_c = D;
#else
        :: atomic { open_c -> open_c = 0; thief_c = D; status_c = status_c + RUNNING }
#endif
        fi;
        // C: src/scheduler.c: pn_store_release(&entry->base, pn_stack_index(w, head));
        entry_2 = 1;
        open_g = 1; /* C spawns G and publishes it */
        // C: src/scheduler.c: bool is_last = !pn_stack_is_public(victim);
        // C: src/scheduler.c: if (!is_last) pn_park_wake_thief(w->control, found);
        wake();
        if /* its sync */
        :: atomic { open_g -> open_g = 0 }
        :: atomic { stolen_g && OF(status_g) >= DONE -> stolen_g = 0 }
        fi;
#ifndef EXCHANGE_FIRST
        // C: src/scheduler.c: pn_store_release(&entry->base, pn_entry_unused(w->control)); w->depth--;
        entry_2 = 0;
#endif
        // C: src/scheduler.c: pn_exchange_seq_cst(&task->status, (uint32_t)(is_failed ? PN_FAILED : PN_DONE));
        atomic { assert(OF(status_c) == RUNNING); old = status_c; status_c = DONE }
#ifdef EXCHANGE_FIRST
        entry_2 = 0;
#endif
        // C: src/scheduler.c: if (before & PN_WAITED) pn_park_wake_joiner(owner);
        if
        :: old >= WAITED -> wake()
        :: else
        fi;
join_a:
        OF(status_a) >= DONE;
        atomic { entry_1 = 0; settled++ }
    } unless { dead }
}

proctype thief() { /* V, in A */
    byte s;

    open_c = 1; /* A spawns C and publishes it */
    if
    :: atomic { open_c -> open_c = 0 }
        goto joined
    :: atomic { else -> skip }
    fi;
wait: /* pn_sched_wait */
    if
    // C: src/scheduler.c: if (status >= PN_RETURNED) return status;
    :: OF(status_c) >= DONE -> goto joined
    :: atomic { open_g -> open_g = 0; stolen_g = 1; status_g = status_g + RUNNING } /* steals back */
       /* It reads and writes the frame of C. */
       assert(OF(status_c) == RUNNING);
       atomic { assert(OF(status_c) == RUNNING); status_g = DONE }
       goto wait
    :: OF(status_c) < DONE -> skip
    fi;
    /* pn_park_join */
    s = status_c;
    do
    :: atomic { OF(s) >= DONE -> goto wait }
    :: atomic { s >= WAITED && OF(s) < DONE -> break }
    // C: src/park.c: } while (!pn_cas_seq_cst(&task->status, &status, status | PN_WAITED));
    :: atomic { s < DONE && status_c == s -> status_c = s + WAITED; break }
    :: atomic { s < DONE && status_c != s -> s = status_c }
    od;
    state = 3;
    if
    // C: src/park.c: if (is_over || (root && pn_sched_sees_work_of(w, root))) {
    :: OF(status_c) >= DONE || open_g -> state = 1; goto wait
    :: else
    fi;
    // C: src/park.c: while (pn_load_acquire(&w->state) == state) pn_port_wait(&w->state, state, -1);
    do
    :: state != 3 -> break
    :: atomic { state == 3 -> asleep = 1 }
       asleep == 0
    od;
    goto wait;
joined: /* A ends, well or failed; it lies in D's stack and uses the frame of the root */
    atomic { assert(settled == 0); status_a = DONE }
}

/* pn_park_wake_all */
inline wake_all() {
#ifdef NOTIFY_IF_ENDED
    wake()
#else
    // C: src/park.c: if (!end_sleep(w, PN_SLEEPING)) end_sleep(w, PN_JOINING);
    if
    :: atomic { state == 3 -> state = 1 }
    :: atomic { else -> skip }
    fi;
    // C: src/park.c: pn_port_wake(&w->state, 1); /* in any case
    asleep = 0
#endif
}

inline fail_c() {
    // C: src/bury.c: uint32_t before = pn_exchange_seq_cst(&task->status, (uint32_t)PN_FAILED);
    atomic { assert(OF(status_c) == RUNNING); s = status_c; status_c = FAILED }
    // C: src/bury.c: if (before & PN_WAITED) pn_park_wake_joiner(pn_worker_at(control, victim_id));
    if
    :: s >= WAITED -> wake()
    :: else
    fi
}

inline fail_in_hand() {
    if
    // C: src/bury.c: if (status != PN_RUNNING || pn_load_acquire(&task->thief) != dead->id + 1) continue;
    // C: src/bury.c: if (has_entry(control, dead, task)) continue;
#ifdef IN_HAND_BLIND
    :: OF(status_c) == RUNNING && thief_c == D -> fail_c(); entry_2 = 0
#else
    :: OF(status_c) == RUNNING && thief_c == D && !entry_2 -> fail_c()
#endif
    :: else
    fi
}

proctype host() {
    byte s;

end:
    dead;
    /* bury_first */
#ifndef NO_TAKE_BACK
    // C: src/bury.c: while (!pn_cas_acq_rel(&w->ts, &ts, pn_pack(pn_top(ts), pn_top(ts)))) {
    open_g = 0;
#endif
#ifndef WAKE_LAST
    // C: src/bury.c: pn_park_wake_all(control);
    wake_all();
#endif
#ifdef WAIT_ALL_FIRST
    !stolen_g || OF(status_g) >= DONE;
    !entry_1 || OF(status_a) >= DONE;
#endif
#ifndef IN_HAND_LAST
    // C: src/bury.c: fail_in_hand(control, w); for (uint32_t level = PN_ENTRIES; level-- > 0;) {
    fail_in_hand();
#endif
    if
    :: entry_2 ->
#ifndef NO_WAIT
       // C: src/bury.c: if (has_stolen(w, entry->base)) return 1;
       !stolen_g || OF(status_g) >= DONE;
#endif
       // C: src/bury.c: fail_task(control, entry->victim - 1, entry->task);
       fail_c();
       // C: src/bury.c: pn_store_release(&entry->base, pn_entry_unused(control));
       entry_2 = 0
    :: else
    fi;
    if
    :: entry_1 ->
       OF(status_a) >= DONE;
       // C: src/bury.c: pn_root_end(w, entry->root);
       atomic { entry_1 = 0; settled++ }
    :: else
    fi;
#ifdef IN_HAND_LAST
    fail_in_hand();
#endif
#ifdef WAKE_LAST
    wake_all()
#endif
}

proctype killer() {
    if
    :: dead = 1
    :: true
    fi
}

proctype judge() {
    timeout;
    assert(settled == 1 && OF(status_a) >= DONE && !entry_1 && !entry_2)
}

init { atomic { run victim(); run thief(); run host(); run killer(); run judge() } }
