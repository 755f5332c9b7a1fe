// gRPC with @grpc/grpc-js: the server of Interop and Greeter, and the cases of a client.

import path from "node:path";
import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import * as loader from "@grpc/proto-loader";
import * as cases from "./cases.js";
import { same } from "./cases.js";

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), "protos");
const definition = loader.loadSync(["interop.proto", "helloworld.proto"], { includeDirs: [folder], keepCase: true });
const { Interop, Absent } = grpc.loadPackageDefinition(definition).threadwire.interop;
const { Greeter } = grpc.loadPackageDefinition(definition);
const { status } = grpc;

function echo(call, answer) {
  const echoed = new grpc.Metadata();
  for (const key of Object.keys(call.metadata.getMap()).filter((key) => key.startsWith("x-echo-"))) {
    call.metadata.get(key).forEach((value) => echoed.add(key, value));
  }
  call.sendMetadata(echoed);
  const { text, payload, sleep_ms, fail_code, fail_message, reply_bytes } = call.request;
  const end = () => {
    if (fail_code) {
      answer({ code: fail_code, details: fail_message, metadata: echoed });
    } else {
      answer(null, { text, payload: reply_bytes ? Buffer.alloc(reply_bytes) : payload }, echoed);
    }
  };
  sleep_ms ? setTimeout(end, sleep_ms) : end();
}

export async function serve() {
  const server = new grpc.Server();
  server.addService(Interop.service, { Echo: echo });
  server.addService(Greeter.service, {
    SayHello: (call, answer) => answer(null, { message: `Hello, ${call.request.name}!` }),
  });
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

// A unary call as a promise of { reply, initial, trailing }; the error of a failed call carries its metadata.
function unary(stub, method, request, { metadata = new grpc.Metadata(), timeout = cases.PATIENCE_MS } = {}) {
  return new Promise((resolve, reject) => {
    let initial, reply;
    const options = { deadline: Date.now() + timeout };
    const call = stub[method](request, metadata, options, (error, value) => (error ? reject(error) : (reply = value)));
    call.on("metadata", (received) => (initial = received));
    call.on("status", (end) => end.code === status.OK && resolve({ reply, initial, trailing: end.metadata }));
  });
}

async function refused(promise, code, within = cases.PATIENCE_MS) {
  const begin = Date.now();
  const error = await promise.then(
    () => { throw new Error(`expected ${status[code]}, came a reply`); },
    (error) => error,
  );
  if (error.code === undefined) throw error;
  if (error.code !== code) throw new Error(`expected ${status[code]}, came ${error}`);
  if (Date.now() - begin > within) throw new Error(`it took ${Date.now() - begin} ms, expected ${within} ms at most`);
  return error;
}

function sentMetadata() {
  const metadata = new grpc.Metadata();
  cases.TEXT_VALUES.forEach((value) => metadata.add("x-echo-text", value));
  cases.BINARY_VALUES.forEach((value) => metadata.add("x-echo-data-bin", value));
  return metadata;
}

function echoed(where, metadata) {
  // Node's http2 joins the values of a key before grpc-js sees them.
  same(`${where} x-echo-text`, metadata.get("x-echo-text"), [cases.TEXT_VALUES.join(", ")]);
  same(`${where} x-echo-data-bin`, metadata.get("x-echo-data-bin"), cases.BINARY_VALUES);
}

export function checks(target, flags) {
  const credentials = grpc.credentials.createInsecure();
  const stub = new Interop(target, credentials);
  const echoCall = (request, options) => unary(stub, "Echo", request, options);

  const reply = async () => {
    const sent = { text: cases.TEXT, payload: Buffer.from([0, 255]) };
    same("reply", { ...(await echoCall(sent)).reply }, sent);
    same("empty reply", { ...(await echoCall({})).reply }, {});
  };

  const metadataBothWays = async () => {
    const { initial, trailing } = await echoCall({}, { metadata: sentMetadata() });
    echoed("initial", initial);
    echoed("trailing", trailing);
  };

  const errorStatus = async () => {
    const request = { fail_code: cases.FAIL_CODE, fail_message: cases.FAIL_MESSAGE };
    const error = await refused(echoCall(request, { metadata: sentMetadata() }), cases.FAIL_CODE);
    same("message", error.details, cases.FAIL_MESSAGE);
    echoed("trailing", error.metadata);
  };

  const deadline = () => refused(echoCall({ sleep_ms: 2000 }, { timeout: 200 }), status.DEADLINE_EXCEEDED, 1500);

  const unknownMethod = async () => {
    await refused(unary(stub, "Missing", {}), status.UNIMPLEMENTED);
    const client = new grpc.Client(target, credentials);
    const same = (bytes) => bytes;
    const call = new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + cases.PATIENCE_MS };
      const path = "/threadwire.interop.Interop/NoSuchMethod";
      client.makeUnaryRequest(path, same, same, Buffer.alloc(0), options, (error) => (error ? reject(error) : resolve()));
    });
    await refused(call, status.UNIMPLEMENTED);
  };

  const unknownService = () => refused(unary(new Absent(target, credentials), "Call", {}), status.UNIMPLEMENTED);

  const largeMessage = async () => {
    const { reply } = await echoCall({ payload: cases.LARGE });
    if (!cases.LARGE.equals(reply.payload)) throw new Error("the payload is another");
  };

  const gzipAndDeflate = async () => {
    for (const algorithm of ["gzip", "deflate"]) {
      const options = { "grpc.default_compression_algorithm": grpc.compressionAlgorithms[algorithm] };
      const compressing = new Interop(target, credentials, options);
      const metadata = new grpc.Metadata();
      metadata.add("x-compress-reply", algorithm);
      const { reply, trailing } = await unary(compressing, "Echo", { payload: cases.LARGE }, { metadata });
      if (!cases.LARGE.equals(reply.payload)) throw new Error("the payload is another");
      if (flags.includes("--tells")) same("x-came-compressed", trailing.get("x-came-compressed"), ["true"]);
      same("empty reply", { ...(await unary(compressing, "Echo", {})).reply }, {});
      compressing.close();
    }
  };

  const requestOverTheLimit = () =>
    refused(echoCall({ payload: Buffer.alloc(cases.TOO_LARGE) }), status.RESOURCE_EXHAUSTED);

  const replyOverTheLimit = () => refused(echoCall({ reply_bytes: cases.TOO_LARGE }), status.RESOURCE_EXHAUSTED);

  // Node has one thread; ten tasks call at once.
  const manyCalls = async () => {
    const hundred = async (task) => {
      for (let number = 0; number < 100; number += 1) {
        const text = `task ${task} call ${number}`;
        same("text", (await echoCall({ text })).reply.text, text);
      }
    };
    await Promise.all(Array.from({ length: 10 }, (_, task) => hundred(task)));
  };

  return [
    ["reply", reply],
    ["metadata both ways", metadataBothWays],
    ["error status", errorStatus],
    ["deadline", deadline],
    ["unknown method", unknownMethod],
    ["unknown service", unknownService],
    ["large message", largeMessage],
    ["gzip and deflate", gzipAndDeflate],
    ["request over the limit", requestOverTheLimit],
    ["reply over the limit", replyOverTheLimit],
    ["1000 calls over 10 threads", manyCalls],
    ["reply after all that", reply],
  ];
}

export function greeterChecks(target) {
  const stub = new Greeter(target, grpc.credentials.createInsecure());
  const greeting = async () => {
    for (const name of ["World", cases.TEXT]) {
      same("greeting", (await unary(stub, "SayHello", { name })).reply.message, `Hello, ${name}!`);
    }
  };
  return [["greeting", greeting]];
}
