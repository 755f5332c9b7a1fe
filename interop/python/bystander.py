"""A client of the Greeter that makes calls all along, while others mean ill: grpcio, on one connection.

    bystander.py TARGET    for each line of stdin a line `FAILED LONGEST CONNECTED`: of the calls since the last, how
                           many failed, and the longest in milliseconds; and how often it has connected. It comes
                           when a call that has begun since is done.

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
        self.called = threading.Condition()
        self.connected = self.calls = self.failed = 0
        self.longest = 0.0
        self.channel.subscribe(self.changed)

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
        with self.called:
            self.calls += 1
            self.failed += failed
            self.longest = max(self.longest, time.monotonic() - begin)
            self.called.notify_all()

    def go_on(self):
        while True:
            self.call()
            time.sleep(PAUSE_SECONDS)

    def report(self):
        with self.called:
            # One may be under way.
            until = self.calls + 2
            self.called.wait_for(lambda: self.calls >= until)
            line = f"{self.failed} {self.longest * 1000:.0f} {self.connected}"
            self.failed, self.longest = 0, 0.0
        print(line, flush=True)


def main(target):
    bystander = Bystander(target)
    bystander.call()
    threading.Thread(target=bystander.go_on, daemon=True).start()
    for _ in sys.stdin:
        bystander.report()


main(sys.argv[1])
