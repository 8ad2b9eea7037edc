import penny from 'penny-runtime/vite';

export default {
  plugins: [penny()],
  // Two pages: before and after.
  build: { rolldownOptions: { input: ['before.html', 'after.html'] } },
};
