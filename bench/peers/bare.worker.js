import { post } from '../harness/port.js';

post('ready');
