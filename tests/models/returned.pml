/*
 * returned.pml: the status word of a stolen task whose thief may not run it and gives it back.
 *
 * An owner spawns TASKS tasks in a row on one slot, so the second use comes while thieves of the first one are
 * still on their way to wake it. It joins each (helping, or too deep to help) or throws its frame over. Two
 * thieves win, then run or give back. A publisher wakes joiners for other work of their root in between.
 * Winning is one step here (task_stack.pml has it in detail). Checked:
 *   S  each task is run once, or dropped once, and then by the unwinding only; its joiner gets the outcome of
 *      this use of the slot; no thief touches a record that was reused (assertions);
 *   P  the joiner never sleeps for ever (invalid end state); counts and states are right at the end.
 * Mutants (-D name): BLIND_RETURN EARLY_READ READ_AFTER BLIND_RUNNING RECHECK_DONE_ONLY NO_RECHECK LATE_ANNOUNCE
 *   BLIND_MARK BLIND_WAKE NO_WAKE KEEP_STATUS
 */
#ifndef TASKS
#define TASKS 2
#endif
#ifndef PUBLISHES
#define PUBLISHES 1
#endif
#define FREE 0
#define RUNNING 1
#define RETURNED 2
#define DONE 3
#define FAILED 4
#define WAITED 16
#define OF(s) ((s) % WAITED)

byte status, rec;          /* the slot: its status word, the number of its task from 1 (0: popped) */
bit open;                  /* the slot is public: top <= p < split */
byte state = 1, joining;   /* of the owner: 1 awake, 3 parked in a join; how many are parked */
bit work, helps;           /* other work of the owner's root is public; the parked owner would help */
byte spawned;
bit ran[TASKS + 1], dropped[TASKS + 1]; /* ghosts */
byte outcome[TASKS + 1];   /* ghost: what its thief made of the task */

#ifdef RECHECK_DONE_ONLY
#define RECHECK_OVER DONE
#else
#define RECHECK_OVER RETURNED
#endif

inline execute(id) {
    atomic { assert(id > 0 && !ran[id] && !dropped[id]); ran[id] = 1 }
}

inline end_sleep() {
    if
#ifdef BLIND_WAKE
    :: state = 1;
       atomic { assert(joining > 0); joining-- }
#else
    // C: src/park.c: if (!pn_cas_seq_cst(&w->state, &expected, PN_AWAKE)) return false;
    :: atomic { state == 3 -> state = 1 }
       // C: src/park.c: pn_sub_seq_cst(class_count(w->control, state), 1u);
       atomic { assert(joining > 0); joining-- }
    :: atomic { else -> skip }
#endif
    fi
}

proctype owner() {
    byte s;
    bit help, unwinds;

spawn:
    if
    :: atomic { spawned == TASKS -> goto done }
    :: atomic { spawned < TASKS ->
                spawned++; rec = spawned;
#ifndef KEEP_STATUS
                // C: src/penny.h: *(type_and_status *)(void *)task = (uintptr_t)type; /* PN_FREE is 0 */
                status = FREE
#endif
       }
    fi;
    open = 1;
    if
    :: help = 1    /* a sync */
    :: true        /* a sync, deep: no help when parked (is_deep) */
    :: unwinds = 1 /* its frame is thrown over: pn_stack_unwind */
    fi;
    if
    /* Shrinks split below it: nobody has stolen it. */
    :: atomic { open -> open = 0; s = RETURNED }
        goto popped
    :: atomic { else -> skip }
    fi;

wait: /* pn_sched_wait */
    if
    // C: src/scheduler.c: if (status >= PN_RETURNED) return status;
    :: atomic { OF(status) >= RETURNED -> s = OF(status) }
        goto popped
    :: atomic { help && work -> work = 0 } /* helps: a steal from the publisher */
        goto wait
    :: OF(status) < RETURNED -> skip
    fi;

    /* pn_park_join: mark it waited. */
    // C: src/park.c: pn_load_acquire(&task->status); /* pairs with the executor's exchange in end_entry */
    s = status;
#ifdef BLIND_MARK
    if
    :: atomic { OF(s) >= RETURNED -> s = 0 }
        goto wait
    :: atomic { else -> status = OF(s) + WAITED; s = 0 }
    fi;
#else
    do
    // C: src/park.c: if ((status & ~(uint32_t)PN_WAITED) >= PN_RETURNED) return;
    :: atomic { OF(s) >= RETURNED -> s = 0 }
        goto wait
    // C: src/park.c: if (status & PN_WAITED) break;
    :: atomic { OF(s) < RETURNED && s >= WAITED -> s = 0; break }
    // C: src/park.c: } while (!pn_cas_seq_cst(&task->status, &status, status | PN_WAITED));
    :: atomic { OF(s) < RETURNED && s < WAITED && status == s -> status = s + WAITED; s = 0; break }
    :: atomic { OF(s) < RETURNED && s < WAITED && status != s -> s = status }
    od;
#endif
    // C: src/park.c: pn_store_release(&w->helps, root);
    helps = help;
#ifndef LATE_ANNOUNCE
    // C: src/park.c: pn_add_seq_cst(class_count(w->control, state), 1u);
    joining++;
    // C: src/park.c: pn_store_seq_cst(&w->state, state); /* pairs with the loads of the wakers, as above */
    state = 3;
#endif
    if
    // C: src/park.c: bool is_over = (pn_load_seq_cst(&task->status) & ~(uint32_t)PN_WAITED) >= PN_RETURNED;
#ifndef NO_RECHECK
    :: OF(status) >= RECHECK_OVER -> end_sleep(); goto wait
#endif
    // C: src/park.c: if (is_over || (root && pn_sched_sees_work_of(w, root))) {
    :: help && work -> end_sleep(); goto wait
    :: else
    fi;
#ifdef LATE_ANNOUNCE
    joining++;
    state = 3;
#endif
    // C: src/park.c: while (pn_load_acquire(&w->state) == state) pn_port_wait(&w->state, state, -1);
    state != 3;
    goto wait;

popped: /* top and split go below the slot; from here on it may be used anew, also by what is run now */
    atomic {
        assert(!open);
        if
        // C: src/task_stack.c: return status == PN_RETURNED;
        :: s == RETURNED && !unwinds -> assert(!ran[rec] && !dropped[rec]); ran[rec] = 1
        // C: src/task_stack.c: while ((int32_t)(stolen - base) > 0) pn_sched_wait(w, head, pn_stack_task_at(w, --stolen), NULL);
        :: s == RETURNED && unwinds -> assert(!ran[rec] && !dropped[rec]); dropped[rec] = 1
        // C: src/task_stack.c: if (status == PN_FAILED) pn_sched_fail_again(w);
        :: else -> assert(ran[rec] && s == outcome[rec])
        fi;
        rec = 0; s = 0; help = 0; unwinds = 0
    }
    goto spawn;

done:
    timeout; /* everybody has settled */
    atomic {
        s = 1;
        do
        :: s <= TASKS -> assert(ran[s] + dropped[s] == 1); s++
        :: else -> break
        od;
        assert(state == 1 && joining == 0)
    }
}

proctype thief() {
    byte id, old;

end:
    // C: src/task_stack.c: if (!pn_cas_acq_rel(&victim->ts, &ts, pn_pack(top + 1, split))) return PN_LOST;
    atomic { open -> open = 0 }
    id = rec;
    if
    // C: src/scheduler.c: pn_or_seq_cst(&task->status, (uint32_t)PN_RUNNING);
#ifdef BLIND_RUNNING
    :: atomic { assert(rec == id); status = RUNNING }
#else
    :: atomic { assert(rec == id && OF(status) == FREE); status = status + RUNNING }
#endif
       execute(id);
       // C: src/scheduler.c: pn_exchange_seq_cst(&task->status, (uint32_t)(is_failed ? PN_FAILED : PN_DONE));
       atomic {
           assert(rec == id && OF(status) == RUNNING);
           old = status;
           if
           :: status = DONE
           :: status = FAILED
           fi;
           outcome[id] = status
       }
    // C: src/scheduler.c: if (root && found != root) { give_back(victim, task);
#ifdef BLIND_RETURN
    :: atomic { assert(rec == id); status = RETURNED }
#elif defined(EARLY_READ)
    :: old = status;
       atomic { assert(rec == id); status = RETURNED + (status - OF(status)) }
#elif defined(READ_AFTER)
    :: atomic { assert(rec == id); status = RETURNED + (status - OF(status)) }
       atomic { assert(rec == id); old = status }
#else
    // C: src/scheduler.c: uint32_t before = PN_FREE;
    // C: src/scheduler.c: while (!pn_cas_seq_cst(&task->status, &before, PN_RETURNED | (before & PN_WAITED))) {
    :: true ->
       do
       :: atomic { status == old -> assert(rec == id && OF(old) == FREE); status = RETURNED + old; break }
       :: atomic { status != old -> assert(rec == id); old = status }
       od
#endif
    fi;
    if
    // C: src/scheduler.c: if (before & PN_WAITED) pn_park_wake_joiner(victim);
    // C: src/scheduler.c: if (before & PN_WAITED) pn_park_wake_joiner(owner);
#ifdef NO_WAKE
    :: old >= WAITED -> skip
#else
    // C: src/park.c: if (end_sleep(joiner, PN_JOINING)) pn_port_wake(&joiner->state, 1);
    :: old >= WAITED -> end_sleep()
#endif
    :: else
    fi;
    atomic { id = 0; old = 0 }
    goto end
}

/* Somebody else of the owner's root: publishes a task, then wakes a joiner that would help. */
proctype publisher() {
    byte n;

    do
    :: n < PUBLISHES ->
        atomic { work = 1; n++ }
        if
        // C: src/park.c: if (pn_load_seq_cst(class_count(control, state)) == 0) return false;
        :: joining == 0
        :: else ->
            if
            // C: src/park.c: if (pn_load_seq_cst(&w->state) != state) continue;
            :: state != 3
            :: else ->
                if
                // C: src/park.c: if (root && pn_load_acquire(&w->helps) != root) continue;
                :: !helps
                // C: src/park.c: if (!end_sleep(w, state)) continue;
                :: else -> end_sleep()
                fi
            fi
        fi;
        /* It takes the task back, or leaves it for now. */
        if
        :: work = 0
        :: true
        fi
    :: n == PUBLISHES -> break
    od
}

init { atomic { run owner(); run thief(); run thief(); run publisher() } }
