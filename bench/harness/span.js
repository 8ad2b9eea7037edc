// span.js: holds times on P workers against T1/P + c * Tinf. Work and span are counted by another program (../span/span.c), whose
// clock makes tasks longer; so it gives the share of the span in the work, and T1 is what the measured program took.
import { result } from './measure.js';

/** What penny_span printed: one object a line. */
export const readSpans = (output) =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));

/**
 * Results to add to those of the native runner: tasks spawned, tasks on the longest chain, the span in
 * milliseconds, and for more than one worker how many spans the time is above T1 / min(P, cores). Below 0: faster
 * than that, because of caches, or noise.
 */
export function withSpans(results, spans, cores) {
  const isTime = ({ variant, metric, runs }) =>
    variant === 'penny-c' && metric === 'ms' && runs.length;
  return spans.flatMap(({ problem, input, tasks, chain, share }) => {
    const times = results.filter(
      (one) => isTime(one) && one.problem === problem && one.input === input,
    );
    const one = times.find(({ workers }) => workers === 1);
    if (!one) return [];
    const spanMs = share * one.median;
    const add = (workers, metric, runs) =>
      result({ variant: 'penny-c', workers, input }, problem, metric, runs);
    return [
      add(1, 'tasks', [tasks]),
      add(1, 'chain', [chain]),
      add(1, 'span_ms', [spanMs]),
      ...(spanMs > 0
        ? times
            .filter(({ workers }) => workers > 1)
            .map(({ workers, runs }) => {
              const base = one.median / Math.min(workers, cores);
              return add(
                workers,
                'spans_above',
                runs.map((ms) => (ms - base) / spanMs),
              );
            })
        : []),
    ];
  });
}
