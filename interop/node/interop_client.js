// The Node interop client of grpc.testing, on @grpc/grpc-js.
//
//     interop_client.js --server_host=HOST --server_port=PORT --test_case=NAME [--soak_…]
//
// Exits 0 if the case passed; else it says on stderr what was wrong, and exits 1 (2: it was called wrongly).
// It runs from a folder that has its modules and, as `protos/`, the .proto files (interop/run makes it).

import { CASES } from "./interop_cases.js";
import { Client } from "./interop_calls.js";
import { parse, usage } from "./interop_flags.js";
import { MANY, SOAK_FLAGS } from "./interop_many.js";

const cases = { ...CASES, ...MANY };
const flags = parse({
  server_host: "localhost",
  server_port: 8080,
  server_host_override: "",
  test_case: "large_unary",
  use_test_ca: "false",
  ...SOAK_FLAGS,
});
if (!Object.hasOwn(cases, flags.test_case)) usage(`no case ${flags.test_case}`);
try {
  await cases[flags.test_case](new Client(flags));
} catch (error) {
  console.error(`${error}`);
  process.exit(1);
}
process.exit(0);
