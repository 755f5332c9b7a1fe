// The cases that grpc-go's own interop client has not, as far as grpc-go can do them.
//
// grpc-go compresses all messages of a call or none, so client_compressed_streaming cannot be done. Whether a message
// came compressed, a stats.Handler is told.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

const (
	largeRequest  = 271828
	largeResponse = 314159
)

var cases = map[string]func(context.Context, testgrpc.TestServiceClient, *watch) error{
	"client_compressed_unary":     clientCompressedUnary,
	"server_compressed_unary":     serverCompressedUnary,
	"server_compressed_streaming": serverCompressedStreaming,
	"very_large_request":          veryLargeRequest,
	"long_lived_channel":          longLivedChannel,
	"concurrent_large_unary":      concurrentLargeUnary,
}

// watch notes of each message that comes whether it was compressed. All messages of the cases are zeros, so that a
// compressed one is shorter.
type watch struct {
	mutex sync.Mutex
	came  []bool
}

func (*watch) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (*watch) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (*watch) HandleConn(context.Context, stats.ConnStats)                       {}
func (w *watch) HandleRPC(_ context.Context, event stats.RPCStats) {
	if payload, ok := event.(*stats.InPayload); ok {
		w.mutex.Lock()
		defer w.mutex.Unlock()
		w.came = append(w.came, payload.CompressedLength < payload.Length)
	}
}

// is fails unless just these messages have come.
func (w *watch) is(expected ...bool) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if fmt.Sprint(w.came) != fmt.Sprint(expected) {
		return fmt.Errorf("compressed: expected %v, came %v", expected, w.came)
	}
	return nil
}

func large() *testpb.SimpleRequest {
	return sized(largeRequest, largeResponse)
}

func sized(request, response int) *testpb.SimpleRequest {
	payload := interop.ClientNewPayload(testpb.PayloadType_COMPRESSABLE, request)
	return &testpb.SimpleRequest{ResponseSize: int32(response), Payload: payload}
}

// call fails unless the response has a payload of this size.
func call(ctx context.Context, client testgrpc.TestServiceClient, request *testpb.SimpleRequest, size int,
	options ...grpc.CallOption) error {
	reply, err := client.UnaryCall(ctx, request, options...)
	if err != nil {
		return err
	}
	return hasSize(reply.GetPayload(), size)
}

func hasSize(payload *testpb.Payload, expected int) error {
	if size := len(payload.GetBody()); size != expected {
		return fmt.Errorf("bytes of the payload: expected %d, came %d", expected, size)
	}
	return nil
}

func clientCompressedUnary(ctx context.Context, client testgrpc.TestServiceClient, _ *watch) error {
	says := func(compressed bool) *testpb.SimpleRequest {
		request := large()
		request.ExpectCompressed = &testpb.BoolValue{Value: compressed}
		return request
	}
	if err := call(ctx, client, says(true), largeResponse); status.Code(err) != codes.InvalidArgument {
		return fmt.Errorf("a request that is not compressed as it says: expected InvalidArgument, came %v", err)
	}
	if err := call(ctx, client, says(true), largeResponse, grpc.UseCompressor(gzip.Name)); err != nil {
		return err
	}
	return call(ctx, client, says(false), largeResponse)
}

func serverCompressedUnary(ctx context.Context, client testgrpc.TestServiceClient, watch *watch) error {
	for _, compressed := range []bool{true, false} {
		request := large()
		request.ResponseCompressed = &testpb.BoolValue{Value: compressed}
		if err := call(ctx, client, request, largeResponse); err != nil {
			return err
		}
	}
	return watch.is(true, false)
}

func serverCompressedStreaming(ctx context.Context, client testgrpc.TestServiceClient, watch *watch) error {
	sizes := []int32{31415, 92653}
	request := &testpb.StreamingOutputCallRequest{ResponseParameters: []*testpb.ResponseParameters{
		{Size: sizes[0], Compressed: &testpb.BoolValue{Value: true}},
		{Size: sizes[1], Compressed: &testpb.BoolValue{Value: false}},
	}}
	stream, err := client.StreamingOutputCall(ctx, request)
	if err != nil {
		return err
	}
	for _, size := range sizes {
		reply, err := stream.Recv()
		if err != nil {
			return err
		}
		if err := hasSize(reply.GetPayload(), int(size)); err != nil {
			return err
		}
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("expected the end of the stream, came %v", err)
	}
	return watch.is(true, false)
}

func main() {
	host := flag.String("server_host", "localhost", "connects to this host")
	port := flag.Int("server_port", 10000, "connects to this port")
	name := flag.String("test_case", "", "the case to run")
	tls := flag.Bool("use_tls", false, "must be false")
	flag.Parse()
	run, known := cases[*name]
	if !known || *tls {
		log.Fatalf("there is no case '%s' here, and no TLS", *name)
	}
	watch := &watch{}
	channel, err := grpc.NewClient(fmt.Sprintf("%s:%d", *host, *port), grpc.WithStatsHandler(watch),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	if err := run(ctx, testgrpc.NewTestServiceClient(channel), watch); err != nil {
		log.Fatalf("%s: %v", *name, err)
	}
}
