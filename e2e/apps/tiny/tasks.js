// tasks.js: the tasks of the tiny program that every way of installing the package runs.
export const double = (n) => 2 * n;
export const sum = (array) => array.reduce((total, value) => total + value, 0);
export const fail = () => {
  throw new TypeError('it failed');
};
