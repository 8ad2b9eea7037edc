/*
 * queues.pml: inbox and completions (src/queue.h, QUEUES.md): a host that submits N roots and takes
 * their completions, two workers that take, run and end them; worker 0 may be killed at every step.
 *
 * After a death the host recovers from its ledger by the state word alone: what is queued is made
 * void and submitted anew as a fresh root (never the same one: it may still be linked somewhere),
 * what the dead worker had begun fails, what it had ended is settled. Checked: every submission is
 * settled once (never twice, never not at all), completions come first in first out, and the host
 * never sleeps while completions are there. The root deques are one channel (root_deque.pml).
 * Mutants: LINK_AFTER SIGNAL_BEFORE TAKE_BEFORE_SIGNAL RECORD_ONLY RELINK NO_VOID CLAIM_THEN_ID
 *   FAIL_BEFORE_TAKE NO_REVERSE
 */
#ifndef N
#define N 2
#endif
#define QUEUED 0
#define VOID 1
#define STARTED 10 /* + worker */
#define ENDED 20   /* + worker */

byte inbox, completions, signal;  /* heads: number of a root, 0: empty; link likewise */
byte link[2 * N + 1], state[2 * N + 1], runner[2 * N + 1];
byte batch;                       /* mutant RECORD_ONLY: the batch in hand of worker 0 */
chan deque = [2 * N] of { byte };
bit dead, recovered, settled[N];
byte left = N;
byte stamp[2 * N + 1], stamps, came; /* ghosts: the order of the pushes, the last one that came out */

/* pn_queue_push(head, f): link first, then publish; `first` is what was there. */
inline push(head, f, first) {
#ifdef LINK_AFTER
    atomic { first = head; head = f; stamps++; stamp[f] = stamps }
    link[f] = first;
#else
    // C: src/queue.h: pn_root *first = pn_load_relaxed(head);
    first = head;
    do
    // C: src/queue.h: pn_store_relaxed(&root->link, first);
    :: link[f] = first;
       if
       // C: src/queue.h: } while (!pn_cas_seq_cst(head, &first, root));
       :: atomic { head == first -> head = f; stamps++; stamp[f] = stamps; break }
       :: atomic { head != first -> first = head }
       fi
    od;
#endif
}

/* pn_queue_take(head): the whole list, reversed: oldest first, linked through `link`. */
inline take(head, newest, oldest, next) {
    // C: src/queue.h: pn_root *newest = pn_exchange_seq_cst(head, (pn_root *)NULL);
    atomic { newest = head; head = 0 }
#ifdef NO_REVERSE
    atomic { oldest = newest; newest = 0 }
#endif
    do
    :: newest ->
        // C: src/queue.h: pn_root *next = pn_load_relaxed(&newest->link);
        next = link[newest];
        // C: src/queue.h: pn_store_relaxed(&newest->link, oldest);
        atomic { link[newest] = oldest; oldest = newest; newest = next }
    :: else -> next = 0; break
    od
}

/* pn_root_claim and pn_sched_run_root and pn_root_end of a root f by worker `me`. */
inline claim_and_run(me, f, x) {
    if
#ifdef CLAIM_THEN_ID
    :: atomic { state[f] == QUEUED -> state[f] = STARTED + 9 }
       state[f] = STARTED + me;
#else
    // C: src/root.c: return pn_cas_acq_rel(&root->state, &expected, PN_STARTED | w->mark);
    :: atomic { state[f] == QUEUED -> state[f] = STARTED + me }
#endif
       /* the task runs */
       state[f] = ENDED + me;
#ifdef SIGNAL_BEFORE
       if
       :: completions == 0 -> signal++
       :: else
       fi;
       push(completions, f, x);
       x = 0
#else
       // C: src/root.c: if (!pn_queue_push(&control->completions, root)) return;
       push(completions, f, x);
       if
       // C: src/root.c: pn_add_seq_cst(&control->signal, 1u);
       :: x == 0 -> signal++
       :: else -> x = 0
       fi
#endif
    :: else /* void: whoever pops it releases it */
    fi;
    f = 0
}

proctype worker(byte me) {
    byte f, x, root, next;
    {
end:    do
        :: deque?f -> claim_and_run(me, f, x)
        :: inbox ->
            // C: src/priority.c: pn_root *own = pn_queue_take(inbox);
            take(inbox, x, root, next);
            if
            :: root ->
                atomic { f = root; root = link[f] }
                do
                :: root ->
#ifdef RECORD_ONLY
                    if
                    :: me == 0 -> batch = root
                    :: else
                    fi;
#endif
                    next = link[root];
                    deque!root;
                    atomic { root = next; next = 0 }
                :: else -> break
                od;
#ifdef RECORD_ONLY
                batch = 0;
#endif
                claim_and_run(me, f, x)
            :: else
            fi
        od
    } unless { me == 0 && dead }
}

inline settle(f) {
    atomic { assert(!settled[(f - 1) % N]); settled[(f - 1) % N] = 1; left-- }
}

inline settle_all(f, x, next) {
    take(completions, x, f, next);
    do
    :: f ->
        atomic { assert(stamp[f] > came); came = stamp[f]; next = link[f] }
        settle(f);
        f = next
    :: else -> next = 0; break
    od
}

proctype host() {
    byte i, f, x, next, s;

    do
    :: i < N -> i++; push(inbox, i, x); x = 0
    :: else -> i = 0; break
    od;
    do
    :: left > 0 ->
#ifdef TAKE_BEFORE_SIGNAL
        settle_all(f, x, next);
        s = signal;
#else
        s = signal;
        settle_all(f, x, next);
#endif
        if
        :: dead && !recovered ->
            recovered = 1;
#ifndef FAIL_BEFORE_TAKE
            settle_all(f, x, next);
#endif
#ifdef RECORD_ONLY
            do /* what the dead worker had in hand goes back; what it had begun is settled below */
            :: batch -> next = link[batch]; push(inbox, batch, x); batch = next
            :: else -> x = 0; next = 0; break
            od;
#endif
            do
            :: i < N ->
                i++;
                if
#ifdef RELINK
                :: atomic { !settled[i - 1] && state[i] == QUEUED -> skip }
                   push(inbox, i, x); x = 0
#elif defined(NO_VOID)
                :: atomic { !settled[i - 1] && state[i] == QUEUED -> skip }
                   push(inbox, i + N, x); x = 0
#elif !defined(RECORD_ONLY)
                :: atomic { !settled[i - 1] && state[i] == QUEUED -> state[i] = VOID }
                   push(inbox, i + N, x); x = 0
#endif
                :: !settled[i - 1] && (state[i] == STARTED || state[i] == ENDED) -> settle(i)
                :: else
                fi
            :: else -> i = 0; break
            od
        :: else ->
            if
            :: atomic { left == 0 -> skip }
            :: atomic { left && (signal != s || dead && !recovered) -> skip }
            :: atomic { left && timeout -> assert(false) } /* asleep for ever */
            fi
        fi
    :: else -> break
    od
}

proctype killer() {
    if
    :: true
#ifndef NO_DEATH
    :: dead = 1
#endif
    fi
}

init { atomic { run worker(0); run worker(1); run host(); run killer() } }
