// wake.js: the same as latency after 10 ms of rest, when every worker has parked.
import { compare } from '../harness/measure.js';
import { roundTrips } from '../latency/latency.js';

export const wake = (env) => compare('wake', roundTrips(env, 10), env.method);
