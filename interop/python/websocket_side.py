"""WebSocket with websockets: the server of the commands below, and the cases of a client.

A text that begins with `/` is a command, any other message comes back as it was:
`/name N` calls this connection N, `/closed N` answers how the peer of N closed (`4000 reason`), once it has;
`/close CODE REASON` closes; `/push N` has another thread send N messages; `/ping` answers `pong` once a ping was answered;
`/fragments` sends `раз два три`, in three frames if the server can send so.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import serve as listen

import cases
from cases import same

PATIENCE = 30
FRAGMENTS = ["раз ", "два ", "три"]
closed = {}
closed_changed = threading.Condition()


def handle(socket):
    name = None
    try:
        for message in socket:
            if isinstance(message, str) and message.startswith("/name "):
                name = message[6:]
                socket.send("named")
            elif isinstance(message, str) and message.startswith("/"):
                command(socket, message)
            else:
                socket.send(message)
    except ConnectionClosed:
        pass
    received = socket.protocol.close_rcvd
    with closed_changed:
        closed[name] = f"{received.code} {received.reason}" if received else "no close"
        closed_changed.notify_all()


def command(socket, message):
    word, _, rest = message.partition(" ")
    if word == "/close":
        code, _, reason = rest.partition(" ")
        socket.close(int(code), reason)
    elif word == "/push":
        threading.Thread(target=push, args=(socket, int(rest))).start()
    elif word == "/ping":
        socket.send("pong" if socket.ping(b"from the server").wait(PATIENCE) else "no pong")
    elif word == "/fragments":
        socket.send(FRAGMENTS)
    elif word == "/closed":
        with closed_changed:
            closed_changed.wait_for(lambda: rest in closed, PATIENCE)
            socket.send(closed.get(rest, "not closed"))


def push(socket, count):
    for number in range(count):
        socket.send(f"push {number}")


def serve():
    server = listen(handle, "127.0.0.1", 0, max_size=None, compression=None)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.socket.getsockname()[1]


def open_(url, **options):
    return connect(url, max_size=None, open_timeout=PATIENCE, **options)


def exchange(socket, message):
    socket.send(message)
    return socket.recv(PATIENCE)


def checks(url):
    def text():
        with open_(url) as socket:
            same("text", exchange(socket, cases.TEXT), cases.TEXT)
            same("empty text", exchange(socket, ""), "")

    def binary():
        with open_(url) as socket:
            same("binary", exchange(socket, bytes(range(256))), bytes(range(256)))

    def mebibyte():
        with open_(url) as socket:
            same("binary", exchange(socket, cases.MIB), cases.MIB)
            same("text", exchange(socket, "я" * (512 * 1024)), "я" * (512 * 1024))

    def fragments():
        with open_(url) as socket:
            socket.send(FRAGMENTS)
            same("text", socket.recv(PATIENCE), "".join(FRAGMENTS))
            same("text", exchange(socket, "/fragments"), "".join(FRAGMENTS))

    def ping_the_server():
        with open_(url) as socket:
            same("pong", socket.ping(b"from the client").wait(PATIENCE), True)

    def ping_from_the_server():
        with open_(url) as socket:
            same("answer", exchange(socket, "/ping"), "pong")

    def client_closes():
        with open_(url) as socket:
            same("answer", exchange(socket, "/name python"), "named")
            socket.close(4000, "до свидания")
        with open_(url) as socket:
            same("what the server saw", exchange(socket, "/closed python"), "4000 до свидания")

    def server_closes(code, reason):
        with open_(url) as socket:
            socket.send(f"/close {code} {reason}")
            try:
                raise cases.Mismatch(f"expected a close, came {socket.recv(PATIENCE)!r}")
            except ConnectionClosed as error:
                same("close", (error.rcvd.code, error.rcvd.reason), (code, reason))

    def server_push():
        with open_(url) as socket:
            socket.send("/push 100")
            for number in range(100):
                same("push", socket.recv(PATIENCE), f"push {number}")

    def many_connections():
        def twenty(thread):
            with open_(url) as socket:
                for number in range(20):
                    same("text", exchange(socket, f"{thread} {number}"), f"{thread} {number}")

        with ThreadPoolExecutor(20) as pool:
            list(pool.map(twenty, range(20)))

    yield "text", text
    yield "binary", binary
    yield "1 MiB", mebibyte
    yield "fragments", fragments
    yield "ping to the server", ping_the_server
    yield "ping from the server", ping_from_the_server
    yield "client closes 4000", client_closes
    yield "server closes 4001", lambda: server_closes(4001, "причина")
    yield "server closes 1000", lambda: server_closes(1000, "done")
    yield "server push", server_push
    yield "20 connections at once", many_connections


def echo_checks(url):
    def text():
        with open_(url) as socket:
            same("text", exchange(socket, cases.TEXT), f"Ответ: {cases.TEXT}")

    def binary():
        with open_(url) as socket:
            same("binary", exchange(socket, cases.MIB), cases.MIB)

    def from_a_page():
        # A page opened from a file says `null`.
        for origin in ["null", "http://localhost:3000"]:
            with open_(url, origin=origin) as socket:
                same("text", exchange(socket, cases.TEXT), f"Ответ: {cases.TEXT}")

    yield "text", text
    yield "binary", binary
    yield "from a page of another origin", from_a_page
