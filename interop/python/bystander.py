"""A client of the Greeter that makes calls all along, while others mean ill: grpcio, on one connection.

    bystander.py TARGET    for each line of stdin a line `CALLS FAILED LONGEST CONNECTED`, since the last: how many calls there
                           were, how many of them failed, the longest in milliseconds; and how often it has connected

The modules made from the .proto files are found through PYTHONPATH (interop/run sets it).
"""

import sys
import threading
import time

import grpc
import helloworld_pb2 as pb
import helloworld_pb2_grpc as stubs

PAUSE_SECONDS = 0.005
PATIENCE = 10


class Bystander:
    def __init__(self, target):
        self.channel = grpc.insecure_channel(target)
        self.stub = stubs.GreeterStub(self.channel)
        self.guard = threading.Lock()
        self.connected = 0
        self.forget()
        self.channel.subscribe(self.changed)

    def forget(self):
        self.calls, self.failed, self.longest = 0, 0, 0.0

    def changed(self, state):
        self.connected += state == grpc.ChannelConnectivity.READY

    def call(self):
        begin = time.monotonic()
        try:
            reply = self.stub.SayHello(pb.HelloRequest(name="bystander"), timeout=PATIENCE)
            failed = reply.message != "Hello, bystander!"
        except grpc.RpcError as error:
            sys.stderr.write(f"{error.code()} {error.details()}\n")
            failed = True
        with self.guard:
            self.calls += 1
            self.failed += failed
            self.longest = max(self.longest, time.monotonic() - begin)

    def go_on(self):
        while True:
            self.call()
            time.sleep(PAUSE_SECONDS)

    def report(self):
        with self.guard:
            line = f"{self.calls} {self.failed} {self.longest * 1000:.0f} {self.connected}"
            self.forget()
        print(line, flush=True)


def main(target):
    bystander = Bystander(target)
    bystander.call()
    threading.Thread(target=bystander.go_on, daemon=True).start()
    for _ in sys.stdin:
        bystander.report()


main(sys.argv[1])
