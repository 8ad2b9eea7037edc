/*
 * root_deque.pml: the circular deque of root tasks (src/deque.h): the owner pushes at bottom, the owner
 * and two thieves take from top by CAS; the buffer grows from two slots to four and on to eight.
 *
 * Indices are 64 bits wide in C and never wrap there; here they stay below ITEMS. Checked: the
 * items leave in the order they came, each once (assertion at the winning CAS), and none is left.
 * Mutants: READ_AFTER_CAS NO_CAS NO_GROWTH FREE_OLD EARLY_BOTTOM GROW_NO_COPY
 */
#ifndef ITEMS
#define ITEMS 6
#endif
#define POISON 255

typedef buffer { byte slot[8] };
buffer buf[3]; /* buf[i] has 2 << i slots; old ones are kept until no thief can hold them */
byte current;  /* which buffer the deque points to */
byte top, bottom;
byte out;      /* ghost: the last item taken */

#define MASK(i) ((2 << (i)) - 1)

/* take: what thieves and the owner do. r: 1 taken, 0 empty, 2 lost the race */
inline take(t, a, x, r) {
    // C: src/deque.h: uint64_t top = pn_load_acquire(&deque->top);
    t = top;
    if
    // C: src/deque.h: uint64_t bottom = pn_load_seq_cst(&deque->bottom);
    // C: src/deque.h: if ((int64_t)(bottom - top) <= 0) return PN_EMPTY;
    :: t >= bottom -> r = 0
    :: else ->
        // C: src/deque.h: pn_deque_buffer *buffer = pn_load_acquire(&deque->buffer);
        a = current;
#ifndef READ_AFTER_CAS
        // C: src/deque.h: uintptr_t seen = pn_load_relaxed(&buffer->items[top & (buffer->capacity - 1)]);
        x = buf[a].slot[t & MASK(a)];
#endif
        if
#ifdef NO_CAS
        :: top = t + 1; r = 1;
           atomic { assert(x == out + 1); out = x }
#else
#ifdef READ_AFTER_CAS
        :: atomic { top == t -> top = t + 1; r = 1 }
           x = buf[a].slot[t & MASK(a)];
           assert(x == t + 1)
#else
        // C: src/deque.h: if (!pn_cas_seq_cst(&deque->top, &top, top + 1)) return PN_LOST;
        :: atomic { top == t -> top = t + 1; r = 1; assert(x == out + 1); out = x }
#endif
        :: atomic { else -> r = 2 }
#endif
        fi
    fi;
    atomic { t = 0; a = 0; x = 0 }
}

proctype owner() {
    byte t, a, x, r, i;

    do
    :: bottom < ITEMS ->
        t = top;
#ifndef NO_GROWTH
        if
        // C: src/deque.h: if (buffer && bottom - top < buffer->capacity) return true;
        :: atomic { bottom - t > MASK(current) -> assert(current < 2); i = t }
            do
            // C: src/deque.h: for (uint64_t i = top; i != bottom; i++) {
            :: atomic { i < bottom ->
#ifndef GROW_NO_COPY
                buf[current + 1].slot[i & MASK(current + 1)] = buf[current].slot[i & MASK(current)];
#endif
                i++ }
            :: atomic { i >= bottom -> i = 0; break }
            od;
            // C: src/deque.h: pn_store_release(&deque->buffer, grown);
            current++;
#ifdef FREE_OLD
            atomic { buf[current - 1].slot[0] = POISON; buf[current - 1].slot[1] = POISON };
#endif
        :: atomic { else -> skip }
        fi;
#endif
        t = 0;
#ifdef EARLY_BOTTOM
        bottom++;
        buf[current].slot[(bottom - 1) & MASK(current)] = bottom
#else
        // C: src/deque.h: pn_store_relaxed(&buffer->items[bottom & (buffer->capacity - 1)], item);
        buf[current].slot[bottom & MASK(current)] = bottom + 1;
        // C: src/deque.h: pn_store_seq_cst(&deque->bottom, bottom + 1);
        bottom++
#endif
    :: take(t, a, x, r); r = 0
    :: atomic { bottom == ITEMS && top == bottom -> break }
    od
}

proctype thief() {
    byte t, a, x, r;

end:
    do
    :: top < bottom -> take(t, a, x, r); r = 0
    od
}

init { atomic { run owner(); run thief(); run thief() } }
