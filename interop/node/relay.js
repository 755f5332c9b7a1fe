// Stands between a client and its server and counts the bytes: what a language does not say of compression shows here.

import net from "node:net";

// A listener whose connections are passed on to the server; `received()`: bytes from the server.
export function relay(host, port) {
  let received = 0;
  return new Promise((resolve) => {
    const listener = net.createServer((client) => {
      const server = net.connect(port, host);
      // Counted before it is passed on, so that who has a message sees all its bytes counted.
      server.on("data", (chunk) => (received += chunk.length));
      server.pipe(client).pipe(server);
      for (const [side, other] of [[server, client], [client, server]]) side.on("error", () => other.destroy());
    });
    listener.listen(0, "127.0.0.1", () =>
      resolve({ target: `127.0.0.1:${listener.address().port}`, received: () => received }),
    );
  });
}
