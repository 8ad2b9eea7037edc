import { packageOf } from '../harness/packages.js';
import { buffersOf } from '../harness/port.js';
import * as tasks from '../harness/tasks.js';

const workerpool = await packageOf('workerpool', () => import('workerpool'));
const scaleChunk = (array) => {
  const value = tasks.scaleChunk(array);
  return new workerpool.Transfer(value, buffersOf(value));
};
workerpool.worker({ ...tasks, scaleChunk });
