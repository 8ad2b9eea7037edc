// problems.js: the problems measured from JavaScript, in the order of the report. The C workloads are in ../../web/workloads.js
// (kernels.js runs them here, native.c natively).
import { fib } from '../fib/fib.js';
import { latency } from '../latency/latency.js';
import { map } from '../map/map.js';
import { memory } from '../memory/memory.js';
import { skewed } from '../skewed/skewed.js';
import { sort } from '../sort/sort.js';
import { startup } from '../startup/startup.js';
import { steal } from '../steal/steal.js';
import { submit } from '../submit/submit.js';
import { sum } from '../sum/sum.js';
import { smallTrees } from '../treesum/small.js';
import { valueTrips } from '../values/values.js';
import { wake } from '../wake/wake.js';
import { kernels } from './kernels.js';

/** Problem name to (env) => Promise of results; a name may have several. */
export const problems = [
  ...kernels,
  { name: 'treesum', run: smallTrees },
  { name: 'fib', run: fib },
  { name: 'submit', run: submit },
  { name: 'latency', run: latency },
  { name: 'values', run: valueTrips },
  { name: 'wake', run: wake },
  { name: 'steal', run: steal },
  { name: 'map', run: map },
  { name: 'skewed', run: skewed },
  { name: 'sum', run: sum },
  { name: 'sort', run: sort },
  { name: 'startup', run: startup },
  { name: 'memory', run: memory },
];
