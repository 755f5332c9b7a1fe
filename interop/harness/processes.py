"""Starts programs with a time limit, and ends all that is left at the end."""

import os
import signal
import socket
import subprocess
import tempfile
import threading
import time

# A server that has not said its ports by then never will.
START_SECONDS = 30


class Output:
    """What a program that has ended left."""

    def __init__(self, text, errors, status):
        self.text, self.errors, self.status = text, errors, status


class Server:
    """A program that runs until it is ended; it says its ports on its first lines."""

    def __init__(self, argv, environment=None):
        self.stdout = tempfile.TemporaryFile("w+")
        self.stderr = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.stdout, stderr=self.stderr,
                                        env=environment, start_new_session=True)
        self.target = self.url = self.port = None

    def ended(self):
        return self.process.poll()

    def text(self):
        # By descriptor and offset: the running process writes through the same file position.
        return os.pread(self.stdout.fileno(), 1 << 24, 0).decode()

    def errors(self):
        return os.pread(self.stderr.fileno(), 1 << 16, 0).decode().strip()

    def wait_for_text(self, has_come):
        until = time.monotonic() + START_SECONDS
        while not has_come(self.text()):
            if self.ended() is not None or time.monotonic() > until:
                raise RuntimeError(f"{self.process.args} did not start: {self.text()!r} {self.errors()!r}")
            time.sleep(0.02)


class Processes:
    def __init__(self):
        self.servers = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.servers:
            end_group(server.process)

    def server(self, argv):
        """Starts a peer's `serve` and reads its two ports."""
        server = Server(argv)
        self.servers.append(server)
        server.wait_for_text(lambda text: text.count("\n") >= 2)
        ports = dict(line.split() for line in server.text().splitlines()[:2])
        server.target = f"127.0.0.1:{ports['grpc']}"
        server.url = f"ws://127.0.0.1:{ports['ws']}"
        return server

    def program(self, argv):
        """Starts `threadwire serve` as a user does, the gRPC side on both families."""
        grpc, websocket = free_port(), free_port()
        server = Server(argv + ["serve", "--grpc", f"[::]:{grpc}", "--ws", f"localhost:{websocket}"])
        self.servers.append(server)
        server.target, server.url = f"127.0.0.1:{grpc}", f"ws://localhost:{websocket}"
        server.grpc_port, server.websocket_port = grpc, websocket
        server.wait_for_text(lambda text: "Server running. Press Ctrl+C to stop.\n" in text)
        return server

    def serving(self, argv, port):
        """Starts a server that listens on this port, and waits until it does."""
        server = Server(argv)
        server.port = port
        self.servers.append(server)
        until = time.monotonic() + START_SECONDS
        while not listens(port):
            if server.ended() is not None or time.monotonic() > until:
                raise RuntimeError(f"{argv} does not listen on {port}: {server.text()!r} {server.errors()!r}")
            time.sleep(0.05)
        return server

    def terminate(self, server, within=15):
        """Sends SIGTERM; the exit status, or None if it does not end."""
        server.process.send_signal(signal.SIGTERM)
        try:
            return server.process.wait(within)
        except subprocess.TimeoutExpired:
            return None

    def output(self, argv, timeout=60, given=""):
        """Runs a program to its end."""
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, start_new_session=True)
        late = threading.Timer(timeout, end_group, [process])
        late.start()
        text, errors = process.communicate(given)
        if not late.is_alive():
            errors += f" (ended after {timeout} s)"
        late.cancel()
        end_group(process)
        return Output(text, errors, process.returncode)


def end_group(process):
    """Ends the process and all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def free_port():
    with socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::", 0))
        return probe.getsockname()[1]


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False
