// How a client's script talks with its test: a line of JSON for each address to visit.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

export const asked = JSON.parse(process.argv[2]);

// The packages lie beside the environment's Python, not beside this script.
export const require = createRequire(`${process.env.PACKAGES}/`);

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

export async function visit(address) {
  say({ visit: address });
  return JSON.parse((await answers.next()).value);
}

export function finish(result) {
  say({ result });
  process.stdin.destroy();
}

export async function errorOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error.error ?? String(error);
  }
  return null;
}
