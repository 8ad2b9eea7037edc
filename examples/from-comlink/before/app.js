import * as Comlink from 'comlink';
import { show } from '../show.js';

const start = () => {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  return { worker, api: Comlink.wrap(worker) };
};

show(async (line, status) => {
  // Two workers by hand; the program shares the work out, and adds up.
  const members = [start(), start()];
  const games = await Promise.all(members.map(({ api }) => new api.Game()));
  const onProgress = Comlink.proxy((done) => status(`${Math.round(100 * done)} %`));
  await Promise.all(games.map((game, idx) => game.play(1 + 100 * idx, 100, onProgress)));
  const [one, other] = await Promise.all(games.map((game) => game.totals));
  line(
    `sums: ${Array.from(one, (count, sum) => count + other[sum])
      .slice(2)
      .join(' ')}`,
  );

  // Transfer, there and back.
  const [{ worker, api }, spare] = members;
  const { buffer } = new Uint8Array(1_000_000).fill(55);
  const inverted = await api.invert(Comlink.transfer(buffer, [buffer]));
  line(`the first of ${inverted.byteLength} bytes is ${new Uint8Array(inverted)[0]}`);

  // Errors: a plain Error with the name and the message.
  const error = await api.roll(13).catch((reason) => reason);
  line(`${error.name}: ${error.message}`);

  // Cancel: end the worker, start another. What it was asked is never answered.
  const game = await new api.Game();
  game.play(1, 1e9);
  await new Promise((resolve) => setTimeout(resolve, 100));
  worker.terminate();
  const next = start();
  line(`after cancelling: ${await next.api.roll(2)}`);

  for (const each of [spare, next]) {
    each.api[Comlink.releaseProxy]();
    each.worker.terminate();
  }
});
