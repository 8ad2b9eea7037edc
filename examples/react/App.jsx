import { createPool } from 'penny-runtime';
import { useEffect, useRef, useState } from 'react';
import { drawPicture } from './picture.js';
import { usePool } from './usePool.js';

const startPool = (signal) =>
  createPool({
    worker: () => new Worker(new URL('./penny.worker.js', import.meta.url), { type: 'module' }),
    signal,
  });

export function App() {
  const { pool, error } = usePool(startPool);
  const canvas = useRef();
  const [radius, setRadius] = useState(4);
  const [running, setRunning] = useState(); // the AbortController of what runs
  const [progress, setProgress] = useState(0);
  const [status, setStatus] = useState('');

  useEffect(() => drawPicture(canvas.current), []);

  async function filter() {
    const { width, height } = canvas.current;
    const context = canvas.current.getContext('2d', { willReadFrequently: true });
    const image = context.getImageData(0, 0, width, height);
    const controller = new AbortController();
    setRunning(controller);
    setProgress(0);
    const start = performance.now();
    try {
      // In shared memory: each worker reads and writes the same pixels.
      const from = pool.array(Uint8ClampedArray, image.data);
      const to = pool.array(Uint8ClampedArray, image.data.length);
      await pool.parallelFor('median', 0, height, {
        args: [from, to, width, height, radius],
        signal: controller.signal,
        onProgress: (done, total) => setProgress(done / total),
      });
      image.data.set(to);
      context.putImageData(image, 0, 0);
      setStatus(`Done in ${Math.round(performance.now() - start)} ms on ${pool.size} workers.`);
      pool.free(from); // otherwise the collector does it, some time later
      pool.free(to);
    } catch (reason) {
      setStatus(controller.signal.aborted ? 'Cancelled: the picture is as it was.' : `${reason}`);
    }
    setRunning(undefined);
  }

  return (
    <>
      <h1>Median filter</h1>
      <canvas ref={canvas} width="960" height="540" />
      <div className="controls">
        <label>
          Radius
          <input
            type="range"
            min="1"
            max="40"
            value={radius}
            onChange={(event) => setRadius(Number(event.target.value))}
          />
          <output>{radius}</output>
        </label>
        <button type="button" id="filter" disabled={!pool || running} onClick={filter}>
          Remove noise
        </button>
        <button type="button" id="cancel" disabled={!running} onClick={() => running.abort()}>
          Cancel
        </button>
      </div>
      <progress value={progress} />
      <p id="status" role="status">
        {error ? error.message : pool ? status || 'Ready.' : 'Starting workers …'}
      </p>
    </>
  );
}
