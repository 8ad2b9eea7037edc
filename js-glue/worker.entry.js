// worker.entry.js: the built-in worker: tasks come from the module that createPool({ tasks }) names, or there are none.
import * as Penny from './worker.js';

// Import maps do not reach workers: a task module that cannot import uses this.
globalThis.Penny = Penny;
Penny.serve();
