// The services of grpc.testing as grpc-js has them, and what client and server have in common.

import path from "node:path";
import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import * as loader from "@grpc/proto-loader";

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), "protos");
const definition = loader.loadSync("grpc_testing.proto", { includeDirs: [folder], keepCase: true, defaults: true });
export const { TestService, UnimplementedService } = grpc.loadPackageDefinition(definition).grpc.testing;

export const ECHO_INITIAL = "x-grpc-test-echo-initial";
export const ECHO_TRAILING = "x-grpc-test-echo-trailing-bin";
export const LIMITS = { "grpc.max_receive_message_length": 16 << 20, "grpc.max_send_message_length": -1 };
export const payload = (size) => ({ body: Buffer.alloc(size) });
