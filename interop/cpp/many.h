// The cases of many calls: one after the other, on channels of their own, and at the same time.
#pragma once

#include <condition_variable>
#include <mutex>

#include "client.h"

namespace interop {

inline void pick_first_unary(Client& client) {
  std::string first;
  for (int call = 0; call < 20; ++call) {
    Context context;
    SimpleRequest request = request_of(1, 1);
    request.set_fill_server_id(true);
    SimpleResponse response;
    ok(client.stub->UnaryCall(&context, request, &response));
    if (call == 0) first = response.server_id();
    same("the server names itself", response.server_id().empty(), false);
    same("server", response.server_id(), first);
  }
}

// One call of a soak; what was wrong, or nothing.
inline std::string soak_call(Client& client) {
  const auto begin = std::chrono::steady_clock::now();
  try {
    large_unary(client, client.flags.number("soak_request_size"), client.flags.number("soak_response_size"));
  } catch (const std::exception& error) {
    return error.what();
  }
  const auto took = std::chrono::steady_clock::now() - begin;
  const auto bound = std::chrono::milliseconds(client.flags.number("soak_per_iteration_max_acceptable_latency_ms"));
  return took > bound ? "a call took too long" : "";
}

// `soak_num_threads` threads, which share the iterations; each call on a new channel, or all on one.
inline void soak(Client& client, bool new_channels) {
  const auto until =
      std::chrono::steady_clock::now() + std::chrono::seconds(client.flags.number("soak_overall_timeout_seconds"));
  const int iterations = client.flags.number("soak_iterations"), threads = client.flags.number("soak_num_threads");
  const auto pause = std::chrono::milliseconds(client.flags.number("soak_min_time_ms_between_rpcs"));
  std::mutex guard;
  int done = 0, failures = 0;
  std::string last;
  std::vector<std::thread> running;
  for (int thread = 0; thread < threads; ++thread) {
    running.emplace_back([&] {
      for (int call = 0; call < iterations / threads && std::chrono::steady_clock::now() < until; ++call) {
        const auto next = std::chrono::steady_clock::now() + pause;
        std::unique_ptr<Client> own(new_channels ? new Client(client.flags) : nullptr);
        const std::string wrong = soak_call(own ? *own : client);
        {
          std::lock_guard<std::mutex> lock(guard);
          ++done;
          if (!wrong.empty()) ++failures, last = wrong;
        }
        std::this_thread::sleep_until(next);
      }
    });
  }
  for (auto& thread : running) thread.join();
  same("calls in time", done, iterations / threads * threads);
  if (failures > client.flags.number("soak_max_failures")) {
    throw std::runtime_error(std::to_string(failures) + " calls failed, the last: " + last);
  }
}

inline void long_lived_channel(Client& client) {
  for (int call = 0; call < client.flags.number("soak_iterations"); ++call) {
    if (call > 0) std::this_thread::sleep_for(std::chrono::seconds(client.flags.number("iteration_interval")));
    large_unary(client);
  }
}

inline void concurrent_large_unary(Client& client) {
  constexpr size_t kCalls = 1000;
  struct Call {
    Context context;
    SimpleResponse response;
    Status status;
  };
  const SimpleRequest request = request_of(271828, 314159);
  std::vector<Call> calls(kCalls);
  std::mutex guard;
  std::condition_variable ended;
  size_t left = kCalls;
  for (auto& call : calls) {
    client.stub->async()->UnaryCall(&call.context, &request, &call.response, [&](Status status) {
      std::lock_guard<std::mutex> lock(guard);
      call.status = status;
      if (--left == 0) ended.notify_one();
    });
  }
  std::unique_lock<std::mutex> lock(guard);
  ended.wait(lock, [&] { return left == 0; });
  for (const auto& call : calls) {
    ok(call.status);
    is_payload(call.response.payload(), 314159);
  }
}

}  // namespace interop
