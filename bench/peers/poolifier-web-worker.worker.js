// Its browser build takes a worker without `window` for no browser at all: bundle.js puts one before it.
import { ThreadWorker } from 'poolifier-web-worker';
import * as tasks from '../harness/tasks.js';

export default new ThreadWorker(
  Object.fromEntries(Object.entries(tasks).map(([name, task]) => [name, (args) => task(...args)])),
);
