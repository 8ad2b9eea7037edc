/** Draws a picture with noise in it, the same each time: something to filter. */
export function drawPicture(canvas) {
  const { width, height } = canvas;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const sky = context.createRadialGradient(0.7 * width, 0.5 * height, 55, 480, 300, 700);
  for (const [at, color] of ['#fff1c9', '#f2a65a', '#a2566b', '#264a7a', '#0f2038'].entries())
    sky.addColorStop(at / 4, color);
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);
  context.fillStyle = '#211c30';
  for (let x = 0; x < width; x++)
    context.fillRect(x, 420 + 45 * Math.sin(x / 90) + 20 * Math.sin(x / 31), 1, height);
  let seed = 1;
  for (let count = 0; count < (width * height) / 12; count++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    context.fillStyle = seed & 1024 ? '#fff' : '#000';
    context.fillRect((seed >>> 11) % width, ((seed >>> 3) % 65521) % height, 1, 1);
  }
}
