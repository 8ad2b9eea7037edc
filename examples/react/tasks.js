/**
 * The rows low to high - 1 of a median filter: each channel of each pixel becomes the median of the
 * square of 2 * radius + 1 pixels around it. A histogram moves along the row.
 */
export function median(low, high, from, to, width, height, radius) {
  const half = (2 * radius + 1) ** 2 / 2;
  const within = (value, size) => Math.min(Math.max(value, 0), size - 1);
  for (let y = low; y < high; y++) {
    for (let channel = 0; channel < 3; channel++) {
      const counts = new Uint32Array(256);
      const count = (x, by) => {
        for (let row = y - radius; row <= y + radius; row++)
          counts[from[4 * (within(row, height) * width + within(x, width)) + channel]] += by;
      };
      for (let x = -radius; x < radius; x++) count(x, 1);
      for (let x = 0; x < width; x++) {
        count(x + radius, 1);
        let value = -1;
        for (let seen = 0; seen < half; ) seen += counts[++value];
        to[4 * (y * width + x) + channel] = value;
        count(x - radius, -1);
      }
    }
    for (let x = 0; x < width; x++) to[4 * (y * width + x) + 3] = 255;
  }
}
