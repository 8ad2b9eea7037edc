import * as comlink from 'comlink';
import { buffersOf } from '../harness/port.js';
import * as tasks from '../harness/tasks.js';

const scaleChunk = (array) => {
  const value = tasks.scaleChunk(array);
  return comlink.transfer(value, buffersOf(value));
};
comlink.expose({ ...tasks, scaleChunk });
