import { expose, Transfer } from 'threads/worker';
import { buffersOf } from '../harness/port.js';
import * as tasks from '../harness/tasks.js';

const scaleChunk = (array) => {
  const value = tasks.scaleChunk(array);
  return Transfer(value, buffersOf(value));
};
expose({ ...tasks, scaleChunk });
