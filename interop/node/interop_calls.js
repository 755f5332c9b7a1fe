// Calls of grpc-js as promises, for the cases of the interop client.

import * as grpc from "@grpc/grpc-js";
import { PATIENCE_MS, same } from "./cases.js";
import { relay } from "./relay.js";
import { LIMITS, TestService, payload } from "./testing.js";

const { status } = grpc;

export class Client {
  constructor(flags, target = `${flags.server_host}:${flags.server_port}`, options = {}) {
    this.flags = flags;
    this.target = target;
    // A channel each, not a connection that channels with the same options share.
    this.options = { ...LIMITS, ...options, "grpc.use_local_subchannel_pool": 1 };
    if (flags.server_host_override) this.options["grpc.default_authority"] = flags.server_host_override;
    this.stub = this.of(TestService);
  }

  of(Service) {
    return new Service(this.target, grpc.credentials.createInsecure(), this.options);
  }

  // A client of the same server that compresses what it sends, in its first call: then grpc-js knows what the server
  // accepts, and of a list that is separated by `, ` it takes the first name alone.
  compressing() {
    const gzip = grpc.compressionAlgorithms.gzip;
    return new Client(this.flags, this.target, { "grpc.default_compression_algorithm": gzip });
  }

  // A client of the same server with a relay between, and the relay.
  async relayed() {
    const between = await relay(this.flags.server_host, this.flags.server_port);
    return [new Client(this.flags, between.target), between];
  }

  // A unary call: { reply, initial, trailing }; a failed call rejects.
  unary(method, request, metadata = new grpc.Metadata(), stub = this.stub) {
    return ended((done) => stub[method](request, metadata, deadline(), done));
  }

  // A client-streaming call of requests [message, write flags].
  input(requests) {
    return ended((done) => {
      const call = this.stub.StreamingInputCall(new grpc.Metadata(), deadline(), done);
      requests.forEach(([request, flags]) => call.write(request, flags));
      call.end();
      return call;
    });
  }

  duplex(metadata = new grpc.Metadata(), timeout = PATIENCE_MS) {
    return new Responses(this.stub.FullDuplexCall(metadata, deadline(timeout)));
  }

  async largeUnary(size = 271828, response_size = 314159, metadata = undefined) {
    const call = await this.unary("UnaryCall", { response_size, payload: payload(size) }, metadata);
    isPayload(call.reply.payload, response_size);
    return call;
  }
}

export const deadline = (timeout = PATIENCE_MS) => ({ deadline: Date.now() + timeout });

function ended(begin) {
  return new Promise((resolve, reject) => {
    let initial, reply;
    const call = begin((error, value) => (error ? reject(error) : (reply = value)));
    call.on("metadata", (received) => (initial = received));
    call.on("status", (end) => end.code === status.OK && resolve({ reply, initial, trailing: end.metadata }));
  });
}

// A call whose responses come one by one.
export class Responses {
  constructor(call) {
    this.call = call;
    this.responses = call[Symbol.asyncIterator]();
    this.status = new Promise((resolve) => call.on("status", resolve));
    call.on("metadata", (received) => (this.initial = received));
  }

  async expect(size) {
    const { value, done } = await this.responses.next();
    same("the call has ended", done, false);
    isPayload(value.payload, size);
  }

  exchange(size, responseSize) {
    this.call.write({ response_parameters: [{ size: responseSize }], payload: payload(size) });
    return this.expect(responseSize);
  }

  // No more responses may come; a call that fails rejects.
  async finish() {
    this.call.end?.();
    const { done } = await this.responses.next();
    same("the call has ended", done, true);
    return this.status;
  }
}

export async function failed(promise, code) {
  const error = await promise.then(
    () => { throw new Error(`expected ${status[code]}, came a reply`); },
    (error) => error,
  );
  if (error.code !== code) throw new Error(`expected ${status[code]}, came ${error}`);
  return error;
}

export function isPayload(came, size) {
  same("length of the payload", came.body.length, size);
  same("the payload is zeros", came.body.equals(Buffer.alloc(size)), true);
}
