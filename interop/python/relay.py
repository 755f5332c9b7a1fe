"""Stands between a client and its server and counts the bytes: what a language does not say of compression shows so."""

import socket
import threading


class Relay:
    """A listener, whose connections are passed on to `target`. `received`: bytes from the server."""

    def __init__(self, target):
        self.target, self.received = target, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(self.target)
            threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source, sink, counted):
        try:
            while chunk := source.recv(65536):
                # Counted before it is passed on, so that who has a message sees all its bytes counted.
                self.received += len(chunk) if counted else 0
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one side has ended; the other sees its own end
