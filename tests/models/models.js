// The models, their sizes and their mutants. A mutant is a name that the model's #ifdef knows, and sizes of its own if it needs
// others than `sizes` to be seen.
export const models = [
  {
    unit: 'task_stack',
    scenarios: [
      { name: 'four_slots_five_spawns', defines: ['DEPTH=4', 'SPAWNS=5'] },
      { name: 'five_slots_six_spawns', defines: ['DEPTH=5', 'SPAWNS=6'], long: true },
    ],
    sizes: ['DEPTH=4', 'SPAWNS=4'],
    mutants: [
      'READ_BEFORE_CAS',
      'NO_REREAD',
      'LOWER_AFTER NO_RERAISE DEPTH=4 SPAWNS=4',
      'BLIND_STATUS',
      'SPLIT_STORE',
      'NO_RAISE',
      'SHRINK_NO_RAISE',
      'NO_WAKE',
      'NO_CHAIN DEPTH=5 SPAWNS=5',
      'NO_RECHECK',
      'OFFER_POPPED',
      'CHECK_WAITED_FIRST',
    ],
  },
  {
    unit: 'root_deque',
    scenarios: [
      { name: 'growth_two_to_eight', defines: ['ITEMS=6'] },
      { name: 'growth_eight_items', defines: ['ITEMS=8'], long: true },
    ],
    sizes: ['ITEMS=5'],
    mutants: ['READ_AFTER_CAS', 'NO_CAS', 'NO_GROWTH', 'FREE_OLD', 'EARLY_BOTTOM', 'GROW_NO_COPY'],
  },
  {
    unit: 'parking',
    scenarios: [
      { name: 'two_workers_three_roots', defines: ['W=2', 'ROOTS=3'] },
      {
        name: 'three_workers_two_flat_roots',
        defines: ['W=3', 'ROOTS=2', 'SHALLOW', 'LONG_LEAVES'],
      },
      { name: 'three_workers_one_root', defines: ['W=3', 'ROOTS=1'] },
      { name: 'three_workers_two_roots', defines: ['W=3', 'ROOTS=2', 'SHALLOW'], long: true },
    ],
    sizes: ['W=2', 'ROOTS=2'],
    mutants: [
      'NO_RECHECK',
      'LATE_ANNOUNCE',
      'BLIND_DECREMENT',
      'BLIND_WAKE',
      'CHECK_WAITED_FIRST',
      'JOIN_NO_RECHECK',
      'JOIN_NO_WAKE',
      'NO_CHAIN',
      'WAKE_JOINER_FOR_ROOT W=3 ROOTS=2 SHALLOW LONG_LEAVES',
    ],
  },
  {
    unit: 'queues',
    scenarios: [
      { name: 'a_worker_killed_at_every_step', defines: ['N=2'] },
      { name: 'three_roots_nobody_killed', defines: ['N=3', 'NO_DEATH'] },
      { name: 'three_roots_a_worker_killed', defines: ['N=3'], long: true },
    ],
    sizes: ['N=2'],
    mutants: [
      'LINK_AFTER',
      'SIGNAL_BEFORE',
      'TAKE_BEFORE_SIGNAL',
      'RECORD_ONLY',
      'RELINK',
      'NO_VOID',
      'CLAIM_THEN_ID',
      'FAIL_BEFORE_TAKE',
      'NO_REVERSE',
    ],
  },
  {
    unit: 'shutdown',
    scenarios: [
      { name: 'two_workers_two_roots', defines: ['TWO'] },
      { name: 'two_workers_a_late_submitter', defines: [] },
    ],
    mutants: [
      'FLAG_LAST',
      'NO_WAKE_ALL',
      'NO_TRIP',
      'SLEEPER_BLIND',
      'NO_DRAIN',
      'DROP_STOLEN',
      'NO_UNWIND_WAIT',
      'LOWER_LATE',
    ],
  },
];
