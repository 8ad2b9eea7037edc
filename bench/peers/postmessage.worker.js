import { buffersOf, onMessage, post } from '../harness/port.js';
import * as tasks from '../harness/tasks.js';
import * as local from './local.js';

const all = { ...tasks, ...local };
onMessage(({ id, name, args, isTransfer }) => {
  try {
    const value = all[name](...args);
    post({ id, value }, isTransfer ? buffersOf(value) : []);
  } catch (error) {
    post({ id, error: String(error?.message ?? error) });
  }
});
