// views.js: what the workloads made, shown: the Mandelbrot canvas while its tiles get done, the photograph before and after, the
// spelling suggestions. Painting is cut into pieces of a few milliseconds.
import { readSuggestions } from './workloads.js';

const TILE = 64;
const PAINT_MS = 3;
const nextFrame = () =>
  // A page in the background gets no frames; the run must still end.
  new Promise((done) => {
    const timer = setTimeout(done, 100);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      done();
    });
  });

/** Colours as 32-bit ABGR by iteration count: deep blue over white to amber, black inside. */
function makePalette(limit) {
  const palette = new Uint32Array(limit + 1);
  for (let count = 0; count < limit; count++) {
    const t = Math.sqrt(count / limit);
    const channel = (phase) =>
      Math.round(255 * (0.5 - 0.5 * Math.cos(Math.PI * (2.6 * t + phase))));
    palette[count] = 0xff000000 | (channel(0.55) << 16) | (channel(0.2) << 8) | channel(0.02);
  }
  palette[limit] = 0xff120c08;
  return palette;
}

export class MandelbrotView {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext('2d', { alpha: false });
    this.tile = new ImageData(TILE, TILE);
    this.colours = new Uint32Array(this.tile.data.buffer);
  }

  /** Runs and paints each tile as its flag goes up. */
  async show(_pool, { arrays, size }, run) {
    const { canvas } = this;
    canvas.width = canvas.height = size.n;
    const palette = makePalette(size.limit);
    const across = size.n / TILE;
    let missing = Array.from(arrays.done, (_, tile) => tile);
    let isOver = false;
    const end = run().finally(() => {
      isOver = true;
    });
    while (missing.length > 0) {
      await nextFrame();
      const wasOver = isOver;
      const stop = performance.now() + PAINT_MS;
      missing = missing.filter((tile) => {
        if (performance.now() > stop || Atomics.load(arrays.done, tile) !== 1) return true;
        this.#paint(arrays.counts, tile, across, palette);
        return false;
      });
      // Over and still a tile without its flag: the run failed; `end` says how.
      if (wasOver && missing.every((tile) => Atomics.load(arrays.done, tile) !== 1)) break;
    }
    await end;
  }

  #paint(counts, tile, across, palette) {
    const from = tile * TILE * TILE;
    for (let idx = 0; idx < TILE * TILE; idx++) this.colours[idx] = palette[counts[from + idx]];
    this.context.putImageData(this.tile, (tile % across) * TILE, Math.floor(tile / across) * TILE);
  }
}

/** Size of the part of a photograph that is shown pixel by pixel: there the blur can be seen. */
const DETAIL = [336, 228];

export class ImageView {
  /**
   * @param {(name: string) => HTMLCanvasElement} canvas for source, edges, thumbnail, detail, detail-blurred, detail-edges
   * @param {HTMLElement} credit
   */
  constructor(canvas, credit) {
    this.canvas = canvas;
    this.credit = credit;
  }

  async show(pool, state, run, assets) {
    const { arrays, width, height } = state;
    const factor = Math.max(1, Math.ceil(width / 700));
    const size = [Math.floor(width / factor), Math.floor(height / factor)];
    const preview = pool.array(Uint8Array, 4 * size[0] * size[1]);
    const draw = async (name) => {
      await pool.call('bench_image_shrink', [arrays[name], width, height, preview, factor]);
      this.#put(name, preview, ...size);
    };
    try {
      await draw('source');
      this.#putDetail('detail', arrays.source, width, height);
      await run();
      await draw('edges');
    } finally {
      pool.free(preview);
    }
    this.#putDetail('detail-blurred', arrays.blurred, width, height);
    this.#putDetail('detail-edges', arrays.edges, width, height);
    this.#put('thumbnail', arrays.thumbnail, Math.floor(width / 8), Math.floor(height / 8));
    const { title, author, licence } = await assets.photo(state.size.photo);
    this.credit.textContent = `“${title}” by ${author}, ${licence}, ${width} × ${height}. Below: a part of it, pixel by pixel.`;
  }

  #put(name, bytes, width, height) {
    const canvas = this.canvas(name);
    canvas.width = width;
    canvas.height = height;
    // ImageData refuses shared memory: a copy.
    const image = new ImageData(new Uint8ClampedArray(bytes), width, height);
    canvas.getContext('2d').putImageData(image, 0, 0);
  }

  #putDetail(name, bytes, width, height) {
    const [across, down] = DETAIL;
    const left = (width - across) >> 1;
    const top = (height - down) >> 1;
    const part = new Uint8Array(4 * across * down);
    for (let y = 0; y < down; y++) {
      const from = 4 * ((top + y) * width + left);
      part.set(bytes.subarray(from, from + 4 * across), 4 * across * y);
    }
    this.#put(name, part, across, down);
  }
}

export class WordsView {
  constructor(list) {
    this.list = list;
  }

  async show(_pool, state, run, assets) {
    await run();
    const lines = new TextDecoder()
      .decode(await assets.misspellings())
      .trim()
      .split('\n');
    const shown = readSuggestions(state, lines).map(({ word, nearest }) => {
      const item = document.createElement('li');
      const wrong = document.createElement('s');
      wrong.textContent = word;
      const best = document.createElement('b');
      best.className = 'nearest';
      best.textContent = nearest[0].word;
      const others = document.createElement('span');
      others.textContent = nearest
        .slice(1, 4)
        .map((other) => other.word)
        .join(', ');
      item.title = nearest.map((one) => `${one.word}: ${one.distance}`).join('\n');
      item.append(wrong, best, others);
      return item;
    });
    this.list.replaceChildren(...shown);
  }
}
