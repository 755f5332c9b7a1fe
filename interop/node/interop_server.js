// The Node interop server of grpc.testing, on @grpc/grpc-js.
//
//     interop_server.js --port=PORT    prints `port PORT`, serves until it is killed
//
// A server of grpc-js does not compress what it sends, nor show a handler whether a request came compressed: what asks
// for either is answered uncompressed, and `expect_compressed` cannot be judged here.

import { setTimeout as sleep } from "node:timers/promises";
import * as grpc from "@grpc/grpc-js";
import { parse } from "./interop_flags.js";
import { ECHO_INITIAL, ECHO_TRAILING, LIMITS, TestService, payload } from "./testing.js";

// Sends the head, with what the client wants back in it; what it wants in the trailers.
function echoMetadata(call) {
  const initial = new grpc.Metadata();
  const trailing = new grpc.Metadata();
  call.metadata.get(ECHO_INITIAL).forEach((value) => initial.add(ECHO_INITIAL, value));
  call.metadata.get(ECHO_TRAILING).forEach((value) => trailing.add(ECHO_TRAILING, value));
  if (initial.get(ECHO_INITIAL).length > 0) call.sendMetadata(initial);
  return trailing;
}

const failure = ({ code, message }, metadata) => ({ code, details: message, metadata });

function unaryCall(call, answer) {
  const { response_status, response_size, fill_server_id } = call.request;
  const trailing = echoMetadata(call);
  if (response_status) return answer(failure(response_status, trailing));
  const server_id = fill_server_id ? `node ${process.pid}` : "";
  return answer(null, { payload: payload(response_size), server_id }, trailing);
}

function streamingInputCall(call, answer) {
  const trailing = echoMetadata(call);
  let sum = 0;
  call.on("data", (request) => (sum += request.payload?.body.length ?? 0));
  call.on("end", () => answer(null, { aggregated_payload_size: sum }, trailing));
}

// One message for each of the request's parameters; false if the call has ended with the status that it asks for.
async function answers(call, { response_parameters, response_status }, trailing) {
  for (const { size, interval_us, fill_peer_socket_address } of response_parameters) {
    if (interval_us > 0) await sleep(interval_us / 1000);
    const peer_socket_address = fill_peer_socket_address ? call.getPeer() : "";
    const room = call.write({ payload: payload(size), peer_socket_address });
    if (!room) await new Promise((resolve) => call.once("drain", resolve).once("cancelled", resolve));
  }
  if (response_status) call.emit("error", failure(response_status, trailing));
  return !response_status;
}

async function streamingOutputCall(call) {
  const trailing = echoMetadata(call);
  if (await answers(call, call.request, trailing)) call.end(trailing);
}

async function fullDuplexCall(call) {
  const trailing = echoMetadata(call);
  for await (const request of call.iterator({ destroyOnReturn: false })) {
    if (!(await answers(call, request, trailing))) return;
  }
  call.end(trailing);
}

async function halfDuplexCall(call) {
  const trailing = echoMetadata(call);
  const requests = [];
  for await (const request of call) requests.push(request);
  for (const request of requests) {
    if (!(await answers(call, request, trailing))) return;
  }
  call.end(trailing);
}

// A call that the client has given up ends its handler with an error, which is nobody's fault.
const stream = (handler) => (call) => handler(call).catch(() => call.destroy());

const { port } = parse({ port: 0 });
const server = new grpc.Server(LIMITS);
server.addService(TestService.service, {
  EmptyCall: (call, answer) => answer(null, {}, echoMetadata(call)),
  UnaryCall: unaryCall,
  StreamingOutputCall: stream(streamingOutputCall),
  StreamingInputCall: streamingInputCall,
  FullDuplexCall: stream(fullDuplexCall),
  HalfDuplexCall: stream(halfDuplexCall),
});
server.bindAsync(`[::]:${port}`, grpc.ServerCredentials.createInsecure(), (error, bound) => {
  if (error) throw error;
  console.log(`port ${bound}`);
});
