// arguments.js: what the commands of the README take: Node's parseArgs, with --help, and a sentence instead of a stack trace for
// what a command does not know.
import { parseArgs } from 'node:util';

/** Ends the command for a wrong argument: exit code 2. */
export function refuse(text, usage) {
  console.error(`${text}\n${usage}`);
  process.exit(2);
}

/** The options of this command, as parseArgs gives them; `usage` is what --help prints. */
export function readArguments(usage, { options, ...config }) {
  let parsed;
  try {
    parsed = parseArgs({ ...config, options: { ...options, help: { type: 'boolean' } } });
  } catch ({ message }) {
    refuse(message, usage);
  }
  if (parsed.values.help) {
    console.log(usage);
    process.exit(0);
  }
  return parsed;
}

/** The number that `text` stands for: a whole one from `low` to `high`. */
export function readWhole(name, text, low, high, usage) {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= low && value <= high) return value;
  return refuse(`--${name} takes a whole number from ${low} to ${high}, not ${text}`, usage);
}
