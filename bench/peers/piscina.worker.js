// Serves tinypool, too: both call the default export.
import * as exported from '../harness/tasks.js';

const tasks = { ...exported };

export default ({ name, args }) => tasks[name](...args);
