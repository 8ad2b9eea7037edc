import { onMessage, post } from '../harness/port.js';

onMessage((value) => post(value + 1));
