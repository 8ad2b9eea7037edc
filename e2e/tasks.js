// tasks.js: the JavaScript tasks that the browser tests call.
export const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
export const echo = (value) => value;
export const later = async (ms, value) => {
  await new Promise((done) => setTimeout(done, ms));
  return value;
};
export const fail = () => {
  const error = new TypeError('it failed', { cause: new RangeError('the reason') });
  error.code = 'E_OWN';
  throw error;
};
export const failLater = async () => {
  await null;
  throw new RangeError('it failed later');
};
export const throwValue = () => {
  throw { plain: 1 };
};
export const recurse = (n) => 1 + recurse(n + 1);
export const leave = () => {
  close();
  return 'still here';
};
export const sumShared = (array) => array.reduce((sum, value) => sum + value, 0);
export const fillShared = (array, value) => {
  array.fill(value);
  return array.length;
};
export const byLastDigit = (a, b) => (Number(a) % 10) - (Number(b) % 10);
export const byNothing = () => {
  throw new RangeError('no order');
};
export const writePart = (array, from, to, value) => {
  array.fill(value, from, to);
};
export const writeAndFail = ({ deep: [array] }) => {
  array.fill(7);
  throw new RangeError('after it wrote');
};
export const giveBack = (array) => array;
