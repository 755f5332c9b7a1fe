// What the cases have in common: the texts they send, comparing, and one line of outcome each.

import { isDeepStrictEqual, inspect } from "node:util";

export const TEXT = "Привет, мир ☺ 😈";
export const FAIL_CODE = 9;
export const FAIL_MESSAGE = "100 % сломано ☺\nвторая строка\tи 😈";
export const TEXT_VALUES = ["first", "second value"];
export const BINARY_VALUES = [Buffer.from([0, 255, 171]), Buffer.from([254]), Buffer.from("ab")];
export const LARGE = Buffer.alloc(3 * 1024 * 1024, Buffer.from(Array.from({ length: 251 }, (_, i) => i)));
export const MIB = Buffer.alloc(1024 * 1024, Buffer.from(Array.from({ length: 256 }, (_, i) => i)));
export const TOO_LARGE = 5 * 1024 * 1024;
// Answers that do not come at all fail the case instead of holding the run.
export const PATIENCE_MS = 30_000;

export function same(what, came, expected) {
  if (!isDeepStrictEqual(came, expected)) {
    const short = (value) => inspect(value, { maxStringLength: 200, maxArrayLength: 20 });
    throw new Error(`${what}: expected ${short(expected)}, came ${short(came)}`);
  }
}

export function within(milliseconds, what, promise) {
  const late = (_, reject) => setTimeout(() => reject(new Error(`${what}: nothing came`)), milliseconds);
  return Promise.race([promise, new Promise(late)]);
}

// Runs [name, function] one after the other and prints a line for each.
export async function run(checks) {
  for (const [name, check] of checks) {
    try {
      await check();
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`FAILED ${name}: ${error}`.replaceAll("\n", " "));
    }
  }
}
