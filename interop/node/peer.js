// The Node peer: serves and checks both protocols with @grpc/grpc-js and ws.
//
//     peer.js serve                    prints `grpc PORT` and `ws PORT`, serves until it is killed
//     peer.js check --grpc TARGET      one line a case: `ok CASE` or `FAILED CASE: why`; with `--tells` behind it the
//                                      server says whether requests came compressed
//     peer.js check --ws URL           likewise
//     peer.js check --greeter TARGET   the classic example, against `threadwire serve`
//     peer.js check --echo URL         likewise
//
// It runs from a folder that has its modules and, as `protos/`, the .proto files (interop/run makes it).

import { run } from "./cases.js";
import * as grpcSide from "./grpc_side.js";
import * as websocketSide from "./websocket_side.js";

const checks = {
  "--grpc": grpcSide.checks,
  "--greeter": grpcSide.greeterChecks,
  "--ws": websocketSide.checks,
  "--echo": websocketSide.echoChecks,
};

// `--joined` behind TARGET, which the other peers know, is always so here.
const [verb, kind, address, ...flags] = process.argv.slice(2);
if (verb === "serve") {
  console.log(`grpc ${await grpcSide.serve()}`);
  console.log(`ws ${await websocketSide.serve()}`);
} else if (verb === "check" && kind in checks && address) {
  await run(checks[kind](address, flags));
  process.exit(0);
} else {
  console.error("usage: peer.js serve | check (--grpc|--greeter) TARGET | check (--ws|--echo) URL");
  process.exit(2);
}
