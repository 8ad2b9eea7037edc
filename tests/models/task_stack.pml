/*
 * task_stack.pml: one owner with a task stack of four slots, two thieves, leaf tasks, slot reuse.
 *
 * Every shared word of src/task_stack.c is a variable here and every step touches one of them; `want`,
 * `limit` and `guard` are three words, so a torn request is among the interleavings. Checked:
 *   S  nothing runs twice, nothing is lost, no thief touches a record that was reused (assertions);
 *   P  at every moment at which everybody is asleep or in a long leaf (`timeout`): nobody sleeps while
 *      a public task is visible, and while somebody sleeps an empty public part has the request in all
 *      three words (so that the next spawn or sync publishes).
 * Mutants (-D name): READ_BEFORE_CAS NO_REREAD LOWER_AFTER BLIND_STATUS SPLIT_STORE NO_RAISE
 *   SHRINK_NO_RAISE NO_RERAISE NO_CHAIN NO_WAKE NO_RECHECK OFFER_POPPED CHECK_WAITED_FIRST
 *   REST_ALWAYS SLEEP_NO_ASK ASK_BEFORE_COUNT UNWIND_NO_WAIT UNWIND_STORE (with UNWIND: one task throws, and the stack is
 *   unwound) WAIT_NO_WAKE WAIT_NO_BOUNDS (with WAITS: the owner waits for what is no task of this stack). NEVER_REST leaves out that owners rest: fewer states for a mutant that needs many slots.
 */
#ifndef SPAWNS
#define SPAWNS 5 /* tasks spawned in all; more than the slots in use, so slots are reused */
#endif
#ifndef DEPTH
#define DEPTH 4
#endif
#define FREE 0
#define RUNNING 1
#define DONE 2
#define WAITED 16

byte top, split;                        /* the 64-bit word ts: always read or written in one step */
bit want = 1, limit_0 = 1, guard_max = 1; /* raised at worker start */
byte guard;                             /* the guard when it is not tripped */
byte rec[DEPTH], status[DEPTH];         /* rec: which task the slot holds (its number from 1) */
byte head, spawned;
byte state[3] = 1;
byte idle;
bit ran[SPAWNS + 1];
bit unwinding; /* ghost: nothing private is left, so nothing need be requested */

/* With CROWDED there are two cores: one of three workers may sleep. */
#ifdef CROWDED
#define SPARE 1
#else
#define SPARE 0
#endif
#define P_HOLDS (!state[1] + !state[2] <= SPARE || top < split && state[1] && state[2] || top >= split && (unwinding || state[1] && state[2] || want && limit_0 && guard_max))

/* pn_stack_request */
inline request() {
    // C: src/task_stack.c: pn_or_seq_cst(&victim->want, bits);
    want = 1;
    // C: src/task_stack.c: pn_store_seq_cst(&victim->limit, (uintptr_t)0);
    limit_0 = 1;
    // C: src/task_stack.c: pn_store_seq_cst(&victim->guard, UINTPTR_MAX);
    guard_max = 1
}

/* begin_sleep: a sleeper asks the others. */
inline ask_all() {
#ifndef SLEEP_NO_ASK
    // C: src/park.c: pn_sched_request_others(w->control, w, PN_WANT_STEAL);
    want = 1;
    atomic { limit_0 = 1; guard_max = 1 }
#else
    skip
#endif
}

/* wake_one (park.c): look at the count, then try each sleeper. */
inline wake_one(k) {
    if
    // C: src/park.c: return asleep && asleep + control->cores > target;
    :: idle <= SPARE
    :: else ->
        k = 1;
        do
        :: k > 2 -> break
        :: else ->
            if
            :: atomic { state[k] == 0 -> state[k] = 1; idle--; }
               break
            :: atomic { else -> k++ }
            fi
        od
    fi;
    k = 0
}

inline execute(id) {
    atomic { assert(id > 0 && !ran[id]); ran[id] = 1; }
}

/* pn_stack_bounds: normal values first, then `want` again, then perhaps trip them again. */
inline bounds() {
    // C: src/task_stack.c: pn_store_seq_cst(&w->limit, (uintptr_t)chunk_end(chunk));
    limit_0 = 0;
    // C: src/task_stack.c: pn_store_seq_cst(&w->guard, (uintptr_t)(chunk->tasks + lowest));
    atomic { guard_max = 0; guard = split }
#ifndef NO_REREAD
    // C: src/task_stack.c: if (pn_load_seq_cst(&w->want)) {
    if
    :: want ->
        // C: src/task_stack.c: pn_store_relaxed(&w->limit, (uintptr_t)0);
        limit_0 = 1;
        // C: src/task_stack.c: pn_store_relaxed(&w->guard, UINTPTR_MAX);
        guard_max = 1
    :: else
    fi
#endif
}

/* pn_stack_serve: the owner offers half of its `n` private tasks if it was asked to. */
inline serve(n) {
    if
    // C: src/task_stack.c: if (!(pn_load_relaxed(&w->want) & PN_WANT_STEAL)) return;
    :: atomic { !want -> n = 0 }
    // C: src/task_stack.c: bool is_public = pn_stack_is_public(w);
    // C: src/task_stack.c: if (!private_tasks && !is_public) return;
    :: atomic { want && n == 0 && top >= split -> skip }
    :: want && !(n == 0 && top >= split) ->
        is_public = (top < split);
#ifndef LOWER_AFTER
        // C: src/task_stack.c: pn_and_seq_cst(&w->want, ~(uint32_t)PN_WANT_STEAL);
        want = 0;
#endif
        if
        // C: src/task_stack.c: if (!is_public) {
        :: !is_public ->
            // C: src/task_stack.c: uint32_t offered = (private_tasks + 1) / 2;
            // C: src/task_stack.c: pn_add_seq_cst(&w->ts, (uint64_t)offered << 32);
            atomic { split = split + (n + 1) / 2; n = 0 }
#ifndef NO_WAKE
            // C: src/task_stack.c: w->depth > 1 ? pn_sched_root_of(w, pn_top(pn_load_relaxed(&w->ts))) : w->root);
            wake_one(k)
#endif
        :: atomic { else -> is_public = 0; n = 0 }
        fi;
#ifdef LOWER_AFTER
        want = 0;
#endif
#ifndef NO_RERAISE
        // C: src/task_stack.c: if (!pn_stack_is_public(w)) pn_or_seq_cst(&w->want, PN_WANT_STEAL);
        if
        :: top >= split -> want = 1
        :: else
        fi
#endif
    fi
}

/* pn_sched_wait for slot p (helping left out: the tasks are leaves): mark it waited, announce, look again, sleep. */
inline wait_for(p, old) {
    do
    :: atomic { status[p] == DONE -> break }
    :: atomic { status[p] == FREE || status[p] == RUNNING -> old = status[p] }
       if
       :: atomic { status[p] == old -> status[p] = old + WAITED; old = 0 }
       :: atomic { else -> old = 0 }
       fi
    :: status[p] >= WAITED ->
       state[0] = 3;
#ifndef NO_RECHECK
       if
       :: atomic { status[p] == DONE -> state[0] = 1; break }
       :: else
       fi;
#endif
       state[0] == 1
    od
}

proctype owner() {
    byte n, k, old, p;
    bit is_public;
#ifdef UNWIND
    bit failed;
#endif

work:
    if
    /* spawn: one look at limit decides; the task is written either way, and only then offered */
    :: atomic { spawned < SPAWNS && head < DEPTH && !limit_0 ->
                spawned++; rec[head] = spawned; status[head] = FREE; head++ }
        goto work
    :: atomic { spawned < SPAWNS && head < DEPTH && limit_0 ->
                spawned++; rec[head] = spawned; status[head] = FREE; head++; n = head - split }
        // C: src/task_stack.c: if (want & PN_WANT_STEAL) pn_stack_serve(w, pn_stack_index(w, head));
        serve(n);
        // C: src/task_stack.c: pn_stack_bounds(w);
        bounds();
        goto work
    :: atomic { head > 0 -> p = head - 1 }
        goto sync
    :: head > 0 && spawned < SPAWNS -> timeout; assert(P_HOLDS); goto work /* a long leaf */
#ifdef WAITS
    /* pn_future_wait: nobody is served until it is over, so all is offered (pn_stack_offer_all) */
    :: head > split ->
        // C: src/task_stack.c: uint32_t private_tasks = pn_stack_index(w, head) - pn_split(pn_load_relaxed(&w->ts));
        // C: src/task_stack.c: publish(w, private_tasks);
        split = head;
#ifndef WAIT_NO_WAKE
        wake_one(k);
#endif
#ifndef WAIT_NO_BOUNDS
        // C: src/root.c: if (!penny_future_is_done(future)) pn_stack_offer_all(w, head);
        bounds();
#endif
        timeout;
        assert(P_HOLDS);
        goto work
#endif
#ifdef UNWIND
    :: atomic { head > 0 && !failed -> failed = 1; unwinding = 1; old = top; n = split } /* one load of ts */
        goto unwind
#endif
    :: atomic { head == 0 && spawned == SPAWNS -> goto done }
    fi;
sync:
    if
    :: atomic { !guard_max && p >= guard -> goto pop }  /* fast path: surely private */
    :: atomic { else -> skip }
    fi;
    if
    // C: src/task_stack.c: if ((int32_t)(index - pn_split(ts)) >= 0) {
    // C: src/task_stack.c: pn_stack_serve(w, index);
    :: atomic { p >= split ->
#ifdef OFFER_POPPED
                n = p + 1 - split
#else
                n = p - split
#endif
       }
        serve(n);
        bounds();
        goto pop
    // C: src/task_stack.c: uint64_t ts = pn_load_acquire(&w->ts);
    :: atomic { p < split -> old = top }
    fi;
    do
    // C: src/task_stack.c: if ((int32_t)(index - top) < 0) {
    :: atomic { old > p -> old = 0 }
        goto stolen
    // C: src/task_stack.c: uint32_t split = top + (index - top) / 2;
    // C: src/task_stack.c: if (pn_cas_acq_rel(&w->ts, &ts, pn_pack(top, split))) break;
#ifdef SPLIT_STORE
    :: atomic { old <= p -> top = old; split = old + (p - old) / 2; old = 0; break }
#else
    :: atomic { old <= p && top == old -> split = old + (p - old) / 2; old = 0; break }
    :: atomic { old <= p && top != old -> old = top }
#endif
    od;
    // C: src/task_stack.c: if (!pn_stack_is_public(w) && has_thieves(w) && !may_rest(w))
    // C: src/task_stack.c: pn_or_seq_cst(&w->want, PN_WANT_STEAL);
#ifndef SHRINK_NO_RAISE
    if
    :: top >= split ->
        // C: src/task_stack.c: if (pn_park_lacks_thief(w->control)) return false;
        // C: src/task_stack.c: return pn_port_now_ms() - w->published_ms < SOON_MS;
        if
#ifdef REST_ALWAYS
        :: skip
#elif !defined(NEVER_REST)
        :: idle <= SPARE /* it was soon, and the owner rests */
#endif
        :: want = 1
        fi
    :: else
    fi;
#endif
    bounds();
    goto pop;

stolen:
    wait_for(p, old);
    atomic { assert(ran[rec[p]]); rec[p] = 0; status[p] = 0; head = p }
    // C: src/task_stack.c: uint64_t expected = pn_pack(index + 1, index + 1);
    // C: src/task_stack.c: if (!pn_cas_acq_rel(&w->ts, &expected, pn_pack(index, index))) pn_port_fatal("penny: the task stack is corrupt");
    atomic { assert(top == p + 1 && split == p + 1); top = p; split = p; p = 0 }
    if
    :: top >= split ->
        if
#ifndef NEVER_REST
        :: idle <= SPARE
#endif
        :: want = 1
        fi
    :: else
    fi;
    bounds();
    goto work;

pop:
    execute(rec[p]);
    atomic { rec[p] = 0; head = p; p = 0 }
    goto work;

#ifdef UNWIND
unwind: /* pn_stack_unwind to base 0, after a task threw: drop what nobody stole, wait for the rest */
    do
    // C: src/task_stack.c: if ((int32_t)(pn_split(ts) - keep) <= 0) break;
    :: atomic { n <= old -> break }
    // C: src/task_stack.c: } while (!pn_cas_acq_rel(&w->ts, &ts, pn_pack(pn_top(ts), keep)));
#ifdef UNWIND_STORE
    :: atomic { n > old -> top = old; split = old; break }
#else
    :: atomic { n > old && top == old && split == n -> split = old; break }
    :: atomic { n > old && !(top == old && split == n) -> old = top; n = split }
#endif
    od;
    n = old;
    old = 0;
    do
    :: n > 0 ->
        n--;
#ifndef UNWIND_NO_WAIT
        // C: src/task_stack.c: while ((int32_t)(stolen - base) > 0) pn_sched_wait(w, head, pn_stack_task_at(w, --stolen), NULL);
        wait_for(n, old)
#endif
    :: else -> break
    od;
    // C: src/task_stack.c: pn_exchange_acq_rel(&w->ts, pn_pack(base, base));
    atomic {
        do /* ghost: what was dropped counts as run */
        :: p < head ->
            if
            :: p >= top -> assert(!ran[rec[p]]); ran[rec[p]] = 1
            :: else
            fi;
            rec[p] = 0; status[p] = 0; p++
        :: else -> p = 0; break
        od;
        head = 0; top = 0; split = 0
    }
    // C: src/task_stack.c: if (has_thieves(w) && !pn_stack_is_public(w))
    if
    :: top >= split -> want = 1
    :: else
    fi;
    bounds();
    unwinding = 0;
    goto work;
#endif

done:
    timeout; /* everything has settled: nothing is left over */
    atomic { n = 1;
    do
    :: n <= SPAWNS -> assert(ran[n]); n++
    :: else -> break
    od;
    assert(top == split && idle == 2) }
}

proctype thief(byte me) {
    byte t, id, k, last, old;

again:
    if
    // C: src/task_stack.c: if ((int32_t)(split - top) <= 0) return PN_EMPTY;
    :: atomic { top < split -> t = top; old = split }
#ifdef READ_BEFORE_CAS
       id = rec[t];
#endif
       if
       // C: src/task_stack.c: if (!pn_cas_acq_rel(&victim->ts, &ts, pn_pack(top + 1, split))) return PN_LOST;
       :: atomic { top == t && split == old -> top++; last = (top == split); old = 0 }
       :: atomic { else -> t = 0; old = 0; id = 0; goto again }
       fi;
       if
       :: last ->
           last = 0;
#ifndef NO_RAISE
           // C: src/task_stack.c: if (top + 1 == split) pn_stack_request(victim, PN_WANT_STEAL);
           request()
#endif
       :: else
       fi;
#ifndef NO_CHAIN
       // C: src/scheduler.c: bool is_last = !pn_stack_is_public(victim);
       // C: src/scheduler.c: if (!is_last) pn_park_wake_thief(w->control, found);
       if
       :: top < split -> wake_one(k)
       :: else
       fi;
#endif
#ifndef READ_BEFORE_CAS
       // C: src/task_stack.c: *task = pn_stack_task_at(victim, top);
       id = rec[t];
#endif
       if
#ifdef BLIND_STATUS
       :: status[t] = RUNNING
#else
       // C: src/scheduler.c: pn_or_seq_cst(&task->status, (uint32_t)PN_RUNNING);
       :: atomic { status[t] == FREE -> status[t] = RUNNING }
       :: atomic { else -> assert(status[t] == FREE + WAITED); status[t] = RUNNING + WAITED }
#endif
       fi;
       execute(id);
       if /* a long leaf, or a short one */
       :: true
       :: true -> timeout; assert(P_HOLDS)
       fi;
       assert(rec[t] == id);
#ifdef CHECK_WAITED_FIRST
       old = status[t];
       status[t] = DONE;
#else
       // C: src/scheduler.c: uint32_t before = pn_exchange_seq_cst(&task->status, (uint32_t)(is_failed ? PN_FAILED : PN_DONE));
       atomic { old = status[t]; status[t] = DONE; }
#endif
       if
       // C: src/scheduler.c: if (before & PN_WAITED) pn_park_wake_joiner(owner);
       :: atomic { old >= WAITED -> old = 0; t = 0; id = 0 }
          if
          :: atomic { state[0] == 3 -> state[0] = 1 }
          :: else
          fi
       :: atomic { else -> old = 0; t = 0; id = 0 }
       fi;
       goto again
#ifndef NEVER_REST
    // C: src/scheduler.c: if (victim != w) ask(w, victim, root);
    :: atomic { top >= split && !want -> want = 1; limit_0 = 1; guard_max = 1 } /* torn ones are below */
       goto again
#endif
    :: top >= split
    fi;
#ifdef ASK_BEFORE_COUNT
    ask_all();
    idle++;
    state[me] = 0;
#else
    idle++;
    state[me] = 0;
    ask_all();
#endif
    if
    :: top < split ->
        if
        :: atomic { state[me] == 0 -> state[me] = 1; idle-- }
        :: else
        fi;
        goto again
    :: else
    fi;
end:
    state[me] != 0;
    goto again
}

init { atomic { run owner(); run thief(1); run thief(2) } }
