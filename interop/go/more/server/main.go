// The interop server of grpc-go, with gzip and large messages, which its own program does not take.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // registers it
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
)

// very_large_request has 10 MiB.
const messageBytes = 16 << 20

func main() {
	port := flag.Int("port", 10000, "listens there")
	tls := flag.Bool("use_tls", false, "must be false")
	flag.Parse()
	if *tls {
		log.Fatal("there is no TLS here")
	}
	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(messageBytes))
	testgrpc.RegisterTestServiceServer(server, interop.NewTestServer())
	log.Fatal(server.Serve(listener))
}
