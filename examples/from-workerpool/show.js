/** The page, the same for both: a button runs the program, whose lines it shows. */
export function show(program) {
  const find = (id) => document.getElementById(id);
  find('run').onclick = async () => {
    find('run').disabled = true;
    find('lines').replaceChildren();
    const line = (text) => {
      find('lines').appendChild(document.createElement('li')).textContent = text;
    };
    const status = (text) => {
      find('status').textContent = text;
    };
    const start = performance.now();
    try {
      status('Running …');
      await program(line, status);
      status(`Done in ${Math.round(performance.now() - start)} ms.`);
    } catch (error) {
      status(`${error}`);
    }
    find('run').disabled = false;
  };
}
