// The cases of many calls of the interop client: one after the other, on channels of their own, and at the same time.

import { setTimeout as sleep } from "node:timers/promises";
import { same } from "./cases.js";
import { Client } from "./interop_calls.js";
import { payload } from "./testing.js";

export const SOAK_FLAGS = {
  soak_iterations: 10,
  soak_max_failures: 0,
  soak_per_iteration_max_acceptable_latency_ms: 1000,
  soak_min_time_ms_between_rpcs: 0,
  soak_overall_timeout_seconds: 10,
  soak_request_size: 271828,
  soak_response_size: 314159,
  soak_num_threads: 1,
  // Of long_lived_channel: seconds from call to call.
  iteration_interval: 10,
};
const CONCURRENT_CALLS = 1000;

async function pickFirstUnary(client) {
  const servers = new Set();
  for (let call = 0; call < 20; call += 1) {
    const { reply } = await client.unary("UnaryCall", { response_size: 1, payload: payload(1), fill_server_id: true });
    servers.add(reply.server_id);
  }
  same("servers", servers.size, 1);
  same("the server names itself", servers.has(""), false);
}

// What was wrong with one call of a soak, or null.
async function soakCall(client, flags) {
  const begin = Date.now();
  try {
    await client.largeUnary(flags.soak_request_size, flags.soak_response_size);
  } catch (error) {
    return `${error}`;
  }
  const took = Date.now() - begin;
  return took <= flags.soak_per_iteration_max_acceptable_latency_ms ? null : `it took ${took} ms`;
}

// Node has one thread; `soak_num_threads` tasks share the iterations. Each call on a new channel, or all on one.
async function soak(client, newChannels) {
  const { flags } = client;
  const until = Date.now() + flags.soak_overall_timeout_seconds * 1000;
  const share = Math.floor(flags.soak_iterations / flags.soak_num_threads);
  const outcomes = [];
  const work = async () => {
    for (let call = 0; call < share && Date.now() < until; call += 1) {
      const after = Date.now() + flags.soak_min_time_ms_between_rpcs;
      const own = newChannels ? new Client(flags) : client;
      outcomes.push(await soakCall(own, flags));
      if (newChannels) own.stub.close();
      await sleep(Math.max(0, after - Date.now()));
    }
  };
  await Promise.all(Array.from({ length: flags.soak_num_threads }, work));
  same("calls in time", outcomes.length, share * flags.soak_num_threads);
  const wrong = outcomes.filter((outcome) => outcome !== null);
  if (wrong.length > flags.soak_max_failures) {
    throw new Error(`${wrong.length} calls failed, the last: ${wrong.at(-1)}`);
  }
}

async function longLivedChannel(client) {
  for (let call = 0; call < client.flags.soak_iterations; call += 1) {
    if (call > 0) await sleep(client.flags.iteration_interval * 1000);
    await client.largeUnary();
  }
}

export const MANY = {
  pick_first_unary: pickFirstUnary,
  rpc_soak: (client) => soak(client, false),
  channel_soak: (client) => soak(client, true),
  long_lived_channel: longLivedChannel,
  concurrent_large_unary: (client) => Promise.all(Array.from({ length: CONCURRENT_CALLS }, () => client.largeUnary())),
};
