// The worker of the JavaScript benchmarks, as a user's would be.

import { serve } from '../../js-glue/worker.js';
import * as forkJoin from '../fib/tasks.js';
import * as tasks from '../harness/tasks.js';

serve({ ...tasks, ...forkJoin });
