// The cases that are many calls of large_unary, or a larger one.

package main

import (
	"context"
	"errors"
	"flag"
	"time"

	testgrpc "google.golang.org/grpc/interop/grpc_testing"
)

const callsAtOnce = 1000

var (
	iterations = flag.Int("soak_iterations", 10, "calls of long_lived_channel")
	interval   = flag.Int("iteration_interval", 10, "long_lived_channel: seconds from call to call")
)

func veryLargeRequest(ctx context.Context, client testgrpc.TestServiceClient, _ *watch) error {
	return call(ctx, client, sized(10<<20, 10), 10)
}

func longLivedChannel(ctx context.Context, client testgrpc.TestServiceClient, _ *watch) error {
	begin := time.Now()
	for number := range *iterations {
		time.Sleep(time.Until(begin.Add(time.Duration(number**interval) * time.Second)))
		if err := call(ctx, client, large(), largeResponse); err != nil {
			return err
		}
	}
	return nil
}

func concurrentLargeUnary(ctx context.Context, client testgrpc.TestServiceClient, _ *watch) error {
	ends := make(chan error, callsAtOnce)
	for range callsAtOnce {
		go func() { ends <- call(ctx, client, large(), largeResponse) }()
	}
	var all error
	for range callsAtOnce {
		all = errors.Join(all, <-ends)
	}
	return all
}
