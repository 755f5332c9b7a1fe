// The cases of the interop client, as gRPC's interop test descriptions define them.

import * as grpc from "@grpc/grpc-js";
import { same } from "./cases.js";
import { Responses, deadline, failed, isPayload } from "./interop_calls.js";
import { ECHO_INITIAL, ECHO_TRAILING, UnimplementedService, payload } from "./testing.js";

const { status } = grpc;
const SENT = [27182, 8, 1828, 45904];
const ANSWERED = [31415, 9, 2653, 58979];
const SPECIAL = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
// How many bytes more than its payload a message may take on the wire: its head and trailers, frames, SETTINGS, PINGs.
const OVERHEAD = 10_000;
// grpc-js's WriteFlags.NoCompress, which it does not export.
const NO_COMPRESS = 2;

async function emptyUnary(client) {
  same("reply", { ...(await client.unary("EmptyCall", {})).reply }, {});
}

async function clientStreaming(client) {
  const { reply } = await client.input(SENT.map((size) => [{ payload: payload(size) }]));
  same("sum", reply.aggregated_payload_size, 74922);
}

async function serverStreaming(client) {
  const request = { response_parameters: ANSWERED.map((size) => ({ size })) };
  const call = new Responses(client.stub.StreamingOutputCall(request, deadline()));
  for (const size of ANSWERED) await call.expect(size);
  await call.finish();
}

async function pingPong(client) {
  const call = client.duplex();
  for (const [at, size] of SENT.entries()) await call.exchange(size, ANSWERED[at]);
  await call.finish();
}

function isEchoed({ initial, trailing }) {
  same("initial metadata", initial.get(ECHO_INITIAL), ["test_initial_metadata_value"]);
  same("trailing metadata", trailing.get(ECHO_TRAILING), [Buffer.from("ababab", "hex")]);
}

async function customMetadata(client) {
  const metadata = new grpc.Metadata();
  metadata.set(ECHO_INITIAL, "test_initial_metadata_value");
  metadata.set(ECHO_TRAILING, Buffer.from("ababab", "hex"));
  isEchoed(await client.largeUnary(271828, 314159, metadata));
  const call = client.duplex(metadata);
  await call.exchange(271828, 314159);
  const end = await call.finish();
  isEchoed({ initial: call.initial, trailing: end.metadata });
}

async function isStatus(promise, message) {
  same("message", (await failed(promise, status.UNKNOWN)).details, message);
}

async function statusCodeAndMessage(client) {
  const response_status = { code: 2, message: "test status message" };
  await isStatus(client.unary("UnaryCall", { response_status }), response_status.message);
  const call = client.duplex();
  call.call.write({ response_status });
  await isStatus(call.finish(), response_status.message);
}

async function unimplementedService(client) {
  const stub = client.of(UnimplementedService);
  await failed(client.unary("UnimplementedCall", {}, undefined, stub), status.UNIMPLEMENTED);
}

async function cancelAfterBegin(client) {
  const ended = new Promise((resolve, reject) => {
    const call = client.stub.StreamingInputCall(deadline(), (error) => (error ? reject(error) : resolve()));
    call.cancel();
  });
  await failed(ended, status.CANCELLED);
}

async function cancelAfterFirstResponse(client) {
  const call = client.duplex();
  await call.exchange(27182, 31415);
  call.call.cancel();
  await failed(call.expect(0), status.CANCELLED);
}

async function timeoutOnSleepingServer(client) {
  const call = client.duplex(undefined, 1);
  call.call.write({ payload: payload(27182) });
  await failed(call.expect(0), status.DEADLINE_EXCEEDED);
}

async function clientCompressedUnary(client) {
  const call = async (through, expected) => {
    const request = { response_size: 314159, payload: payload(271828), expect_compressed: { value: expected } };
    isPayload((await through.unary("UnaryCall", request)).reply.payload, 314159);
  };
  // Whether the server looks at all: it must refuse what is not as it says.
  await failed(call(client, true), status.INVALID_ARGUMENT);
  await call(client.compressing(), true);
  await call(client, false);
}

async function clientCompressedStreaming(client) {
  const request = (size, value) => ({ payload: payload(size), expect_compressed: { value } });
  await failed(client.input([[request(27182, true)]]), status.INVALID_ARGUMENT);
  const { reply } = await client.compressing().input([[request(27182, true)], [request(45904, false), NO_COMPRESS]]);
  same("sum", reply.aggregated_payload_size, 73086);
}

// grpc-js does not say whether a message came compressed; the number of bytes does.
async function serverCompressedUnary(client) {
  for (const value of [true, false]) {
    const [relayed, between] = await client.relayed();
    const request = { response_size: 314159, payload: payload(271828), response_compressed: { value } };
    isPayload((await relayed.unary("UnaryCall", request)).reply.payload, 314159);
    same("compressed", between.received() < OVERHEAD, value);
    same("bytes are within bounds", between.received() < 314159 + OVERHEAD, true);
  }
}

async function serverCompressedStreaming(client) {
  const [relayed, between] = await client.relayed();
  const response_parameters = [
    { size: 31415, compressed: { value: true } },
    { size: 92653, compressed: { value: false } },
  ];
  const call = new Responses(relayed.stub.StreamingOutputCall({ response_parameters }, deadline()));
  for (const { size } of response_parameters) await call.expect(size);
  await call.finish();
  const received = between.received();
  same("only the second takes its size on the wire", 92653 <= received && received < 92653 + OVERHEAD, true);
}

export const CASES = {
  empty_unary: emptyUnary,
  large_unary: (client) => client.largeUnary(),
  client_compressed_unary: clientCompressedUnary,
  server_compressed_unary: serverCompressedUnary,
  client_streaming: clientStreaming,
  client_compressed_streaming: clientCompressedStreaming,
  server_streaming: serverStreaming,
  server_compressed_streaming: serverCompressedStreaming,
  ping_pong: pingPong,
  empty_stream: (client) => client.duplex().finish(),
  custom_metadata: customMetadata,
  status_code_and_message: statusCodeAndMessage,
  special_status_message: (client) =>
    isStatus(client.unary("UnaryCall", { response_status: { code: 2, message: SPECIAL } }), SPECIAL),
  unimplemented_method: (client) => failed(client.unary("UnimplementedCall", {}), status.UNIMPLEMENTED),
  unimplemented_service: unimplementedService,
  cancel_after_begin: cancelAfterBegin,
  cancel_after_first_response: cancelAfterFirstResponse,
  timeout_on_sleeping_server: timeoutOnSleepingServer,
  very_large_request: (client) => client.largeUnary(10 << 20, 10),
};
