// tasks.js: the test changes the factor while the page is open.
export const scale = (n) => 2 * n;
