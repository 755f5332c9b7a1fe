// WebSocket with ws: the server of the commands of the Python peer (websocket_side.py), and the cases of a client.

import { once } from "node:events";
import { WebSocket, WebSocketServer } from "ws";
import * as cases from "./cases.js";
import { same, within } from "./cases.js";

const closed = new Map();
const waiting = new Map();

function handle(socket) {
  let name;
  socket.on("message", (data, isBinary) => {
    const text = data.toString();
    const [word, ...rest] = text.split(" ");
    if (isBinary || !text.startsWith("/")) {
      socket.send(data, { binary: isBinary });
    } else if (word === "/name") {
      name = rest.join(" ");
      socket.send("named");
    } else {
      command(socket, word, rest);
    }
  });
  socket.on("close", (code, reason) => {
    closed.set(name, `${code} ${reason}`);
    waiting.get(name)?.();
  });
  socket.on("error", () => {});
}

function command(socket, word, rest) {
  if (word === "/close") {
    socket.close(Number(rest[0]), rest.slice(1).join(" "));
  } else if (word === "/push") {
    let number = 0;
    const timer = setInterval(() => {
      socket.send(`push ${number}`);
      if (++number === Number(rest[0])) clearInterval(timer);
    }, 1);
  } else if (word === "/ping") {
    socket.once("pong", (data) => socket.send(data.toString() === "from the server" ? "pong" : "another pong"));
    socket.ping("from the server");
  } else if (word === "/fragments") {
    sendFragments(socket);
  } else if (word === "/closed") {
    const name = rest.join(" ");
    const tell = () => socket.send(closed.get(name));
    closed.has(name) ? tell() : waiting.set(name, tell);
  }
}

function sendFragments(socket) {
  socket.send("раз ", { fin: false });
  socket.send("два ", { fin: false });
  socket.send("три");
}

export async function serve() {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  server.on("connection", handle);
  await once(server, "listening");
  return server.address().port;
}

// A client that keeps what it has received, so that nothing is missed between two waits.
class Client {
  static async open(url, options) {
    const client = new Client();
    client.socket = new WebSocket(url, options);
    client.received = [];
    client.socket.on("message", (data, isBinary) => client.deliver(isBinary ? data : data.toString()));
    client.closed = new Promise((resolve) =>
      client.socket.on("close", (code, reason) => {
        client.deliver(undefined);
        resolve([code, reason.toString()]);
      }),
    );
    await within(cases.PATIENCE_MS, "open", once(client.socket, "open"));
    client.socket.on("error", () => {});
    return client;
  }

  deliver(message) {
    this.received.push(message);
    this.wake?.();
  }

  async receive() {
    if (this.received.length === 0) {
      await within(cases.PATIENCE_MS, "receive", new Promise((resolve) => (this.wake = resolve)));
    }
    return this.received.shift();
  }

  async exchange(message) {
    this.socket.send(message);
    return this.receive();
  }

  async close(code, reason) {
    this.socket.close(code, reason);
    return within(cases.PATIENCE_MS, "close", this.closed);
  }
}

// Runs `body` on an open connection, which is then closed.
async function connected(url, body, options) {
  const client = await Client.open(url, options);
  await body(client);
  same("close", (await client.close(1000))[0], 1000);
}

async function sameBinary(url, sent) {
  await connected(url, async (client) => {
    const came = await client.exchange(sent);
    if (!Buffer.isBuffer(came) || !came.equals(sent)) throw new Error("the message is another");
  });
}

export function checks(url) {
  const text = () =>
    connected(url, async (client) => {
      same("text", await client.exchange(cases.TEXT), cases.TEXT);
      same("empty text", await client.exchange(""), "");
    });

  const mebibyte = async () => {
    await sameBinary(url, cases.MIB);
    const long = "я".repeat(512 * 1024);
    await connected(url, async (client) => same("text", await client.exchange(long), long));
  };

  const fragments = () =>
    connected(url, async (client) => {
      sendFragments(client.socket);
      same("text", await client.receive(), "раз два три");
      same("text", await client.exchange("/fragments"), "раз два три");
    });

  const pingTheServer = () =>
    connected(url, async (client) => {
      const pong = once(client.socket, "pong");
      client.socket.ping("from the client");
      same("pong", (await within(cases.PATIENCE_MS, "pong", pong))[0].toString(), "from the client");
    });

  const pingFromTheServer = () =>
    connected(url, async (client) => same("answer", await client.exchange("/ping"), "pong"));

  const clientCloses = async () => {
    const client = await Client.open(url);
    same("answer", await client.exchange("/name node"), "named");
    same("close", (await client.close(4000, "до свидания"))[0], 4000);
    await connected(url, async (other) =>
      same("what the server saw", await other.exchange("/closed node"), "4000 до свидания"),
    );
  };

  const serverCloses = (code, reason) => async () => {
    const client = await Client.open(url);
    same("messages", await client.exchange(`/close ${code} ${reason}`), undefined);
    same("close", await within(cases.PATIENCE_MS, "close", client.closed), [code, reason]);
  };

  const serverPush = () =>
    connected(url, async (client) => {
      client.socket.send("/push 100");
      for (let number = 0; number < 100; number += 1) same("push", await client.receive(), `push ${number}`);
    });

  const manyConnections = async () => {
    const twenty = (task) =>
      connected(url, async (client) => {
        for (let number = 0; number < 20; number += 1) {
          same("text", await client.exchange(`${task} ${number}`), `${task} ${number}`);
        }
      });
    await Promise.all(Array.from({ length: 20 }, (_, task) => twenty(task)));
  };

  return [
    ["text", text],
    ["binary", () => sameBinary(url, cases.MIB.subarray(0, 256))],
    ["1 MiB", mebibyte],
    ["fragments", fragments],
    ["ping to the server", pingTheServer],
    ["ping from the server", pingFromTheServer],
    ["client closes 4000", clientCloses],
    ["server closes 4001", serverCloses(4001, "причина")],
    ["server closes 1000", serverCloses(1000, "done")],
    ["server push", serverPush],
    ["20 connections at once", manyConnections],
  ];
}

export function echoChecks(url) {
  const text = (options) =>
    connected(url, async (client) => same("text", await client.exchange(cases.TEXT), `Ответ: ${cases.TEXT}`), options);
  // A page opened from a file says `null`.
  const fromAPage = async () => {
    for (const origin of ["null", "http://localhost:3000"]) await text({ origin });
  };
  return [
    ["text", () => text()],
    ["binary", () => sameBinary(url, cases.MIB)],
    ["from a page of another origin", fromAPage],
  ];
}
