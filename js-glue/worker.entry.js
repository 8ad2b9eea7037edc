// worker.entry.js: the built-in worker: tasks come from the module that createPool({ tasks }) names, or there are none.
import { serve } from './worker.js';

serve();
