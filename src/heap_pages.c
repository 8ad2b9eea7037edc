/*
 * heap_pages.c: runs of 16 KiB pages, claimed first fit in a map of one word a page.
 *
 * A word that begins a run says its length, state and, while somebody works on it, the holder. The
 * lazily zero map needs no set-up: a word that never began a run is 0 (virgin), and the first
 * virgin word that a walk from page 0 meets is the frontier, beyond which nothing was ever claimed.
 *
 * I1  From page 0, page + length leads from run to run up to the frontier, at every moment.
 * I2  A free or virgin word is claimed by compare-exchange; any other word is changed by its holder
 * alone. I3  A word that once began a run and does not any more is `interior`; a walk that meets
 * one is stale and starts again. I4  No free run starts below the low half of `search`, except
 * while its release is under way.
 */
#include "heap_pages.h"

#include "atomic.h"

enum { RUN_VIRGIN = 0, RUN_INTERIOR = 1, RUN_FREE = 2, RUN_BUSY = 3, RUN_USED = 4 };

#define STATE_BITS 3u
#define OWNER_BITS 9u
#define NONE       UINT32_MAX
/* Words a claim may read in vain while others keep changing the map: about 10 ms, then it gives up.
 */
#define MAX_STEPS         (1u << 22)
#define COMMIT_STEP_PAGES ((1u << 20) / PN_HEAP_PAGE_BYTES)

_Static_assert((PN_HEAP_MAX_OWNER >> OWNER_BITS) == 0, "owner ids fit");
_Static_assert(((uint64_t)PN_HEAP_MAX_PAGES << (STATE_BITS + OWNER_BITS)) <= UINT32_MAX,
               "lengths fit");

static uint32_t word_of(uint32_t state, uint32_t owner, uint32_t length) {
  return state | owner << STATE_BITS | length << (STATE_BITS + OWNER_BITS);
}
static uint32_t state_of(uint32_t word) {
  return word & ((1u << STATE_BITS) - 1);
}
static uint32_t owner_of(uint32_t word) {
  return word >> STATE_BITS & PN_HEAP_MAX_OWNER;
}
static uint32_t length_of(uint32_t word) {
  return word >> (STATE_BITS + OWNER_BITS);
}

int pn_pages_init(pn_heap *h, void *base, uint64_t max_bytes) {
  uintptr_t start = (uintptr_t)base;
  /* The last 64 KiB of the address space are left out, so that the end of a run is never 0 and the
   * port may round it up to pages of its own. */
  uint64_t addressable =
      start < UINTPTR_MAX - 0xFFFF ? (UINTPTR_MAX - 0xFFFF - start) >> PN_HEAP_PAGE_SHIFT : 0;
  uint64_t pages = max_bytes >> PN_HEAP_PAGE_SHIFT;
  if (pages > addressable) pages = addressable;
  if (pages > PN_HEAP_MAX_PAGES) pages = PN_HEAP_MAX_PAGES;
  if (start % PN_HEAP_PAGE_BYTES != 0 || start == 0 ||
      pages < PN_HEAP_MIN_BYTES / PN_HEAP_PAGE_BYTES) {
    return -1;
  }
  uint64_t map_bytes = pages * sizeof(uint32_t);
  uint64_t bits_bytes = 0;
#ifdef PENNY_DEBUG
  bits_bytes = pages * (PN_HEAP_PAGE_BYTES / 16 / 8);
#endif
  uint64_t own_bytes = map_bytes + bits_bytes + pages;
  uint32_t own_pages = (uint32_t)((own_bytes + PN_HEAP_PAGE_BYTES - 1) >> PN_HEAP_PAGE_SHIFT);
  h->base = start;
  h->pages = (uint32_t)pages;
  h->first_page = own_pages;
  h->map = (uint32_t *)base;
  h->live_bits = bits_bytes != 0 ? (uint32_t *)(start + (uintptr_t)map_bytes) : NULL;
  h->classes = (uint8_t *)(start + (uintptr_t)(map_bytes + bits_bytes));
  if (pn_port_commit((void *)pn_pages_address(h, own_pages)) < 0) return -1;
  /* Nobody else knows the heap yet: whoever starts the other threads publishes these three. */
  pn_store_relaxed(&h->committed_pages, own_pages);
  pn_store_relaxed(&h->map[0], word_of(RUN_USED, 0, own_pages));
  pn_store_relaxed(&h->search, (uint64_t)own_pages);
  return 0;
}

/* Makes the pages below `end` usable. Grows by a step that costs little against filling it, and
 * little enough on the page's thread of an engine that clears what it adds (WebKit); when the port
 * refuses the step, exactly what is needed. */
static bool commit(pn_heap *h, uint32_t end) {
  /* Acquire, pairs with the compare-exchange below: the growth that made these pages usable is
   * seen. */
  uint32_t have = pn_load_acquire(&h->committed_pages);
  if (end <= have) return true;
  uint32_t target = have + COMMIT_STEP_PAGES > end ? have + COMMIT_STEP_PAGES : end;
  if (target > h->pages) target = h->pages;
  if (pn_port_commit((void *)pn_pages_address(h, target)) < 0) {
    target = end;
    if (pn_port_commit((void *)pn_pages_address(h, target)) < 0) return false;
  }
  while (have < target) {
    /* Acquire and release, pairs with the load above: says that the pages below target are usable.
     */
    if (pn_cas_acq_rel(&h->committed_pages, &have, target)) break;
  }
  return true;
}

/* Makes the caller's BUSY run free again. `note`: the run may start below `search`. */
static void release_run(pn_heap *h, uint32_t page, uint32_t length, bool note) {
  /* Release, pairs with the claim in scan and extend: what the holder wrote in the pages and in the
   * map inside the run happens before the next holder's writes. */
  pn_store_release(&h->map[page], word_of(RUN_FREE, 0, length));
  if (!note) return;
  /* Own guess of the value; the compare-exchange checks it. */
  uint64_t seen = pn_load_relaxed(&h->search);
  uint64_t noted;
  do {
    uint32_t low = (uint32_t)seen < page ? (uint32_t)seen : page;
    noted = ((seen >> 32) + 1) << 32 | low;
    /* Acquire and release, pairs with the load in pn_pages_claim: whoever sees the new count sees
     * the free word, and a scan that ran meanwhile learns that it has to look again. */
  } while (!pn_cas_acq_rel(&h->search, &seen, noted));
}

/* Lengthens the run at `page`, whose word is the caller's (`state`), by the free runs and virgin
 * pages behind it, until it has `want` pages or the next are in use. Returns its length. */
static uint32_t extend(pn_heap *h, uint32_t owner, uint32_t state, uint32_t page, uint32_t have,
                       uint32_t want) {
  while (have < want && page + have < h->pages) {
    uint32_t next = page + have;
    /* Own guess of the value; the compare-exchange checks it. */
    uint32_t word = pn_load_relaxed(&h->map[next]);
    uint32_t length = length_of(word);
    if (state_of(word) == RUN_VIRGIN) {
      length = want - have;
      if (length > h->pages - next) break;
    } else if (state_of(word) != RUN_FREE) {
      break;
    }
    /* Acquire, pairs with release_run: the former holder's writes to these pages are over. */
    if (!pn_cas_acquire(&h->map[next], &word, word_of(RUN_BUSY, owner, length))) continue;
    have += length;
    /* Release, pairs with scan's load: the longer run is seen before its old border vanishes, so
     * a walk finds either both runs or the merged one, and pn_pages_reclaim can undo the half. */
    pn_store_release(&h->map[page], word_of(state, state == RUN_BUSY ? owner : 0, have));
    /* Release, pairs with scan's load: see above; the two stores may not change places. */
    pn_store_release(&h->map[next], RUN_INTERIOR);
  }
  return have;
}

/* Makes the caller's run of `have` pages one of `pages` in use and frees the rest. The rest gets a
 * word that nobody can claim before the run gets short, so that neither a walk nor a death between
 * the stores finds a gap or an overlap. `note`: as in release_run. */
static void split(pn_heap *h, uint32_t owner, uint32_t page, uint32_t have, uint32_t pages,
                  bool note) {
  if (have > pages) {
    /* Release, pairs with scan's load: this word is seen before the run before it gets short. */
    pn_store_release(&h->map[page + pages], word_of(RUN_BUSY, owner, have - pages));
  }
  /* Release, pairs with scan's load: as above. */
  pn_store_release(&h->map[page], word_of(RUN_USED, 0, pages));
  if (have > pages) release_run(h, page + pages, have - pages, note);
}

typedef struct scan_result {
  enum { SCAN_TOOK, SCAN_STALE, SCAN_BUSY, SCAN_NOTHING } outcome;
  uint32_t page;
  uint32_t length;
  uint32_t first_open; /* first page seen that is not certainly in use, or NONE */
} scan_result;

/* One walk from `page`, which begins a run or did once. Takes the first run that has, or can be
 * merged to have, `pages` pages, and leaves it BUSY. */
static scan_result scan(pn_heap *h, uint32_t owner, uint32_t pages, uint32_t page,
                        uint32_t *steps) {
  scan_result r = {SCAN_NOTHING, 0, 0, NONE};
  while (page < h->pages) {
    ++*steps;
    /* Acquire, pairs with the stores of extend and split: a border seen leads to the words that
     * were written before it. */
    uint32_t word = pn_load_acquire(&h->map[page]);
    uint32_t length = length_of(word);
    uint32_t state = state_of(word);
    if (state == RUN_INTERIOR) {
      r.outcome = SCAN_STALE;
      return r;
    }
    if (state == RUN_VIRGIN) {
      if (pages > h->pages - page) return r;
      length = pages;
    }
    if (state == RUN_FREE && length < pages && page + length < h->pages) {
      /* Only a hint whether merging is worth a claim; extend looks again. */
      uint32_t next = state_of(pn_load_relaxed(&h->map[page + length]));
      if (next != RUN_FREE && next != RUN_VIRGIN) state = RUN_USED;
    } else if (state == RUN_FREE && length < pages) {
      state = RUN_USED;
    }
    if (state_of(word) != RUN_USED && r.first_open == NONE) r.first_open = page;
    if (state == RUN_BUSY) r.outcome = SCAN_BUSY;
    if (state == RUN_FREE || state == RUN_VIRGIN) {
      /* Acquire, pairs with release_run: the former holder's writes to these pages are over. */
      if (!pn_cas_acquire(&h->map[page], &word, word_of(RUN_BUSY, owner, length))) continue;
      length = extend(h, owner, RUN_BUSY, page, length, pages);
      if (length >= pages) {
        r.outcome = SCAN_TOOK;
        r.page = page;
        r.length = length;
        return r;
      }
      release_run(h, page, length, false);
    }
    page += length;
  }
  return r;
}

uint32_t pn_pages_claim(pn_heap *h, uint32_t owner, uint32_t pages) {
  uint32_t steps = 0;
  bool from_start = false;
  if (pages == 0 || pages > h->pages - h->first_page) return 0;
  while (steps < MAX_STEPS) {
    /* Acquire, pairs with release_run: the free words of all the releases counted are seen. */
    uint64_t search = pn_load_acquire(&h->search);
    scan_result r = scan(h, owner, pages, from_start ? 0 : (uint32_t)search, &steps);
    if (r.outcome == SCAN_TOOK) {
      if (!commit(h, r.page + pages)) {
        release_run(h, r.page, r.length, true);
        return 0;
      }
      split(h, owner, r.page, r.length, pages, false);
      uint32_t low = r.first_open == r.page ? r.page + pages : r.first_open;
      if (low > (uint32_t)search && low < h->pages) {
        /* Release, pairs with pn_pages_claim's load. Fails when anything was released since this
         * scan began (the count differs), so it never passes over a free run. */
        (void)pn_cas_release(&h->search, &search, (search >> 32) << 32 | low);
      }
      return r.page;
    }
    /* Acquire, as above. Unchanged: no release was completed during the walk, which therefore saw
     * every run that could have served. */
    if (r.outcome == SCAN_NOTHING && pn_load_acquire(&h->search) == search) return 0;
    /* `search` itself can have been merged away between its release and its count. */
    from_start = r.outcome == SCAN_STALE;
  }
  return 0;
}

void pn_pages_release(pn_heap *h, uint32_t page) {
  /* Own variable: the word of a run in use changes by its holder alone. */
  release_run(h, page, length_of(pn_load_relaxed(&h->map[page])), true);
}

uint32_t pn_pages_length(const pn_heap *h, uint32_t page) {
  /* Own variable: as above. */
  uint32_t word = pn_load_relaxed(&h->map[page]);
  return state_of(word) == RUN_USED ? length_of(word) : 0;
}

bool pn_pages_resize(pn_heap *h, uint32_t owner, uint32_t page, uint32_t pages) {
  uint32_t have = pn_pages_length(h, page);
  uint32_t length = have;
  if (pages > h->pages - page) return false;
  if (pages > have) {
    length = extend(h, owner, RUN_USED, page, have, pages);
    if (length < pages || !commit(h, page + pages)) {
      split(h, owner, page, length, have, true);
      return false;
    }
  }
  split(h, owner, page, length, pages, true);
  return true;
}

/* The border of a run inside the run [page, page + length), or `length`. */
static uint32_t find_border(const pn_heap *h, uint32_t page, uint32_t length) {
  for (uint32_t inside = 1; inside < length; inside++) {
    /* Acquire, pairs with the stores of extend and split, as in scan. */
    uint32_t state = state_of(pn_load_acquire(&h->map[page + inside]));
    if (state != RUN_VIRGIN && state != RUN_INTERIOR) return inside;
  }
  return length;
}

/* A dead holder may have died between two stores of extend or split: then the word at the lower
 * border says both lengths together, and the upper border's word is BUSY and its own. Undone
 * towards one run, which stays in use if it was (a resize), and is freed if it was BUSY. */
uint32_t pn_pages_reclaim(pn_heap *h, uint32_t owner) {
  uint32_t freed = 0;
  uint32_t page = 0;
  for (uint32_t steps = 0; page < h->pages && steps < MAX_STEPS; steps++) {
    /* Acquire, pairs with the stores of extend and split, as in scan. */
    uint32_t word = pn_load_acquire(&h->map[page]);
    uint32_t length = length_of(word);
    if (state_of(word) == RUN_VIRGIN) break;
    if (state_of(word) == RUN_INTERIOR) {
      page = 0;
      continue;
    }
    bool is_left = state_of(word) == RUN_BUSY && owner_of(word) == owner;
    uint32_t inside = is_left || state_of(word) == RUN_USED ? find_border(h, page, length) : length;
    /* Acquire, as above. A word BUSY for the dead is changed by nobody but this function. */
    uint32_t border = inside < length ? pn_load_acquire(&h->map[page + inside]) : RUN_VIRGIN;
    if (state_of(border) == RUN_BUSY && owner_of(border) == owner) {
      /* Release, pairs with scan's load: a walk that stood here starts again. */
      pn_store_release(&h->map[page + inside], RUN_INTERIOR);
    }
    if (is_left) {
      release_run(h, page, length, true);
      freed += length;
    }
    page += length;
  }
  return freed;
}
