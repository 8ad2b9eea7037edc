import { useEffect, useState } from 'react';

/**
 * One pool for as long as the component is mounted: `pool` when it is ready, or `error`.
 * `start(signal)` makes it. Define it outside of the component: then it is new after a hot update
 * only, and so is the pool.
 */
export function usePool(start) {
  const [state, setState] = useState({});
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const starting = start(signal);
    starting.then(
      (pool) => signal.aborted || setState({ pool }),
      (error) => signal.aborted || setState({ error }),
    );
    // On unmount, and once more in StrictMode; whether it has started or not.
    return () => {
      controller.abort();
      starting.then((pool) => pool.dispose()).catch(() => {});
      setState({});
    };
  }, [start]);
  return state;
}
