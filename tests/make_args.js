// Writes the C of unit_args: a task for every mix of kinds that the seed's list gives, its declaration and its checks.
// node make_args.js FOLDER writes args_tasks.h, args_tasks.c and args_checks.h; the build runs it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
if (!folder) throw new Error('usage: node make_args.js FOLDER');

// Type, and two C expressions of that type made from an index.
const kinds = [
  ['int32_t', (i) => `(int32_t)(-1000003 - ${i})`],
  ['int64_t', (i) => `(int64_t)(0x123456789ABCDEF0 + ${i})`],
  ['float', (i) => `(float)(${i} + 0.5)`],
  ['double', (i) => `(double)(${i} * 1.25e100)`],
  ['const char *', (i) => `&args_letters[${i % 26}]`],
  ['int8_t', (i) => `(int8_t)(-128 + ${i % 100})`],
  ['uint8_t', (i) => `(uint8_t)(255 - ${i % 100})`],
  ['int16_t', (i) => `(int16_t)(-32768 + ${i})`],
  ['uint16_t', (i) => `(uint16_t)(65535 - ${i})`],
  ['uint32_t', (i) => `(uint32_t)(4294967295u - ${i})`],
  ['uint64_t', (i) => `(uint64_t)(18446744073709551615u - ${i})`],
  ['bool', (i) => `(bool)(${i % 2})`],
  ['char', (i) => `(char)('a' + ${i % 26})`],
  ['args_function', (i) => `(${i % 2} ? args_one : args_two)`],
];
const results = [...kinds.map(([type]) => type), 'void'];

// Every arity with every kind in every place, shifted so that neighbours differ, and every kind alone in all places.
const tasks = [];
for (let arity = 0; arity <= 8; arity++) {
  const shifts = arity === 0 ? [0] : kinds.map((_, i) => i);
  for (const shift of shifts) {
    for (const step of arity < 2 ? [1] : [0, 1, 3, 5]) {
      const places = Array.from({ length: arity }, (_, i) => (shift + i * step) % kinds.length);
      tasks.push(places);
    }
  }
}
for (let i = 0; i < results.length; i++) tasks.push([]);

let declarations = '/* Made by tests/make_args.js. */\n#include "args.h"\n';
let definitions = '/* Made by tests/make_args.js. */\n#include "args_tasks.h"\n';
let checks = '/* Made by tests/make_args.js. */\n';
tasks.forEach((places, number) => {
  const result = number % results.length;
  const type = results[result];
  const name = `args_${number}`;
  const parameters = places.map((kind, i) => `, (${kinds[kind][0]}, p${i})`).join('');
  const value = (i) => kinds[places[i]][1](number + i * 7);
  const list = places.map((_, i) => `, ${value(i)}`).join('');
  declarations += `PENNY_DECLARE(${type}, ${name}${parameters});\n`;
  definitions += `PENNY_TASK(${type}, ${name}${parameters}) {\n`;
  for (let i = 0; i < places.length; i++) definitions += `  CHECK(p${i} == ${value(i)});\n`;
  definitions += '  args_ran();\n';
  definitions += type === 'void' ? '}\n' : `  return ${kinds[result][1](number)};\n}\n`;
  checks += `static void check_${number}(PENNY_CONTEXT, int32_t way) {\n`;
  const expect = (call) =>
    type === 'void' ? `    ${call};\n` : `    CHECK(${call} == ${kinds[result][1](number)});\n`;
  checks += `  if (way == 0) {\n${expect(`PENNY_CALL(${name}${list})`)}  } else if (way == 1) {\n`;
  checks += `    PENNY_SPAWN(${name}${list});\n    args_wait(PENNY_HERE);\n${expect(`PENNY_SYNC(${name})`)}  } else {\n`;
  checks += `    penny_future *future = PENNY_DETACH(NULL, ${name}${list});\n    if (!CHECK(future != NULL)) return;\n`;
  checks += `    args_wait(PENNY_HERE);\n${expect(`PENNY_GET(${name}, future)`)}  }\n}\n`;
});
checks += `static void (*const args_checks[])(PENNY_CONTEXT, int32_t way) = {\n  ${tasks.map((_, i) => `check_${i}`).join(', ')}};\n`;
checks += '#ifndef TEST_WEB\nstatic void args_run(void) {\n';
tasks.forEach((places, number) => {
  if (number % 5) return;
  const result = number % results.length;
  const list = places.map((kind, i) => `, ${kinds[kind][1](number + i * 7)}`).join('');
  const call = `PENNY_RUN(args_${number}${list})`;
  checks +=
    results[result] === 'void'
      ? `  ${call};\n`
      : `  CHECK(${call} == ${kinds[result][1](number)});\n`;
});
checks += '}\n#endif\n';

mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'args_tasks.h'), declarations);
writeFileSync(join(folder, 'args_tasks.c'), definitions);
writeFileSync(join(folder, 'args_checks.h'), checks);
