import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createServer as createSecureServer } from "node:tls";
import type { Server as SecureServer } from "node:tls";
import { promisify } from "node:util";
import { readBody } from "../../src/hub/body.ts";
import { sendRange } from "../../src/hub/send-range.ts";
import { redirectOf } from "../../src/hub/send.ts";
import type { Answer } from "../../src/hub/send.ts";
import { sha256 } from "./server/content.ts";

/** A key for "localhost" that nobody trusts. */
const [KEY, CERTIFICATE] = ["key.pem", "certificate.pem"].map((name) => join("test", "hub", "tls", name)) as [
  string,
  string,
];

const body = randomBytes(300_000);
const text = body.subarray(0, 20).toString("base64");

/** What a server does with the requests of one connection, in turn; the next connection goes on with the list. */
type Reply = (socket: Socket) => void;

const whole = (lines = "") => `HTTP/1.1 206 Partial Content\r\n${lines}`;
const framed = (bytes: Uint8Array, lines = "") =>
  Buffer.concat([Buffer.from(`${whole(lines)}Content-Length: ${bytes.length}\r\n\r\n`), bytes]);

describe("Asking for bytes of a file", () => {
  let server: Server;
  let replies: Reply[] = [];
  let requests: string[] = [];
  let connections: Socket[] = [];
  let url: URL;

  // A port of its own for each test: what is known of one server does not meet the next.
  beforeEach(async () => {
    [replies, requests, connections] = [[], [], []];
    server = createServer((socket) => {
      connections.push(socket);
      socket.on("error", () => undefined);
      socket.on("data", (data) => {
        requests.push(data.toString("latin1"));
        replies.shift()?.(socket);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/a%20file?b=1`);
  });
  afterEach(() => {
    for (const socket of connections) socket.destroy();
    server.close();
  });

  const ask = async (signal?: AbortSignal): Promise<Answer> =>
    await sendRange({ url, headers: { range: "bytes=0-9" }, stallMs: 200, signal });
  const take = async (answer: Answer) => await readBody(answer.body, body.length);

  it("names the host, asks for the bytes as they are, and for the connection to stay", async () => {
    replies = [(socket) => socket.write(framed(body))];
    const answer = await ask();
    assert.deepEqual(await take(answer), body);
    assert.equal(answer.status, 206);
    const [first, ...lines] = (requests[0] ?? "").split("\r\n");
    assert.equal(first, "GET /a%20file?b=1 HTTP/1.1");
    const expected = [`host: ${url.host}`, "range: bytes=0-9", "accept-encoding: identity"];
    for (const line of [...expected, "connection: keep-alive"]) assert.ok(lines.includes(line), line);
  });

  it("uses a connection again, also after an answer that nobody wanted", async () => {
    replies = [
      (socket) => socket.write(framed(body)),
      (socket) => socket.write("HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 5\r\n\r\nthere"),
      (socket) => socket.write(framed(body.subarray(0, 0))),
      (socket) => socket.write(framed(body)),
    ];
    await take(await ask());
    const redirect = await ask();
    assert.equal(redirect.headers.location, "/b");
    redirect.body.drop();
    assert.deepEqual(await take(await ask()), Buffer.alloc(0));
    assert.deepEqual(await take(await ask()), body);
    assert.equal(connections.length, 1);
  });

  it("closes a connection rather than read a long answer that nobody wants", async () => {
    replies = [(socket) => socket.write(framed(body)), (socket) => socket.write(framed(body))];
    (await ask()).body.drop();
    assert.deepEqual(await take(await ask()), body);
    assert.equal(connections.length, 2);
  });

  it("takes an answer in whatever pieces it comes", async () => {
    const bytes = framed(body.subarray(0, 500), "X-A: 1\r\nx-a: 2\r\n");
    replies = [
      (socket) => {
        let at = 0;
        const next = () => {
          if (at === bytes.length) return;
          socket.write(bytes.subarray(at, (at += 1)), () => setImmediate(next));
        };
        socket.setNoDelay(true);
        next();
      },
    ];
    const answer = await ask();
    assert.equal(answer.headers["x-a"], "1, 2");
    assert.deepEqual(await take(answer), body.subarray(0, 500));
  });

  it("skips early hints", async () => {
    replies = [
      (socket) =>
        socket.write(Buffer.concat([Buffer.from("HTTP/1.1 103 Early\r\nA: b\r\n\r\n"), framed(body)])),
    ];
    assert.deepEqual(await take(await ask()), body);
  });

  it("gives up an answer before which too many early hints come", async () => {
    replies = [(socket) => socket.write(Buffer.from("HTTP/1.1 100 \r\n\r\n".repeat(4000)))];
    await assert.rejects(ask(), { message: "it sent something that is no answer" });
  });

  it("goes on where the server closed a connection that was idle", async () => {
    replies = [
      (socket) => socket.write(framed(body)),
      (socket) => socket.destroy(),
      (socket) => socket.write(framed(body)),
    ];
    await take(await ask());
    assert.deepEqual(await take(await ask()), body);
    assert.equal(connections.length, 2);
  });

  it("does not use a connection again that is to be closed, or on which more came than was announced", async () => {
    const small = body.subarray(0, 10);
    replies = [
      (socket) => socket.write(framed(small, "Connection: close\r\n")),
      (socket) => socket.write(Buffer.concat([framed(small), Buffer.from("more")])),
      (socket) => {
        const [head, more] = [framed(small).subarray(0, -small.length), Buffer.from("more")];
        socket.write(head);
        setTimeout(() => socket.write(Buffer.concat([small, more])), 20);
      },
      (socket) => socket.write(framed(body)),
    ];
    for (const bytes of [small, small, small, body]) assert.deepEqual(await take(await ask()), bytes);
    assert.equal(connections.length, 4);
  });

  it("takes files that are framed by chunks, of this server from then on without asking twice", async () => {
    const chunked = (socket: Socket) =>
      socket.write(`${whole("Transfer-Encoding: chunked\r\n")}\r\n14\r\n${text.slice(0, 20)}\r\n0\r\n\r\n`);
    replies = [chunked, chunked, chunked];
    for (const count of [2, 3]) {
      assert.equal((await take(await ask()))?.toString(), text.slice(0, 20));
      assert.equal(requests.length, count);
    }
  });

  it("leaves out the text of an error that has no announced length", async () => {
    replies = [
      (socket) => socket.write("HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
    ];
    const answer = await ask();
    assert.equal(answer.status, 403);
    assert.deepEqual(await take(answer), Buffer.alloc(0));
  });

  const bad: readonly (readonly [string, string])[] = [
    ["no HTTP", "SSH-2.0-OpenSSH_9.6\r\n\r\n"],
    ["a name with a space", `${whole("Content-Length : 5\r\n")}\r\n`],
    ["a continued line", `${whole("A: b\r\n c\r\n")}\r\n`],
    ["a zero byte", `${whole("A: \0\r\n")}\r\n`],
    ["a head without end", whole("A: b\r\n".repeat(20_000))],
  ];
  for (const [what, sent] of bad) {
    it(`refuses ${what}`, async () => {
      replies = [(socket) => socket.write(sent, "latin1")];
      await assert.rejects(ask(), {
        code: "HUB_UNREACHABLE",
        message: "it sent something that is no answer",
      });
    });
  }

  it("takes no length from two that differ, nor beside another framing", async () => {
    for (const lines of [
      "Content-Length: 5\r\nContent-Length: 6\r\n",
      "Transfer-Encoding: gzip\r\nContent-Length: 5\r\n",
    ]) {
      replies = [(socket) => socket.end(`HTTP/1.1 500 No\r\n${lines}\r\nhello!`)];
      assert.deepEqual(await take(await ask()), Buffer.alloc(0));
    }
    assert.equal(connections.length, 2);
  });

  it("tells of a connection that breaks, that hangs, and of a wish to stop", async () => {
    replies = [(socket) => void socket.write(framed(body).subarray(0, 1000), () => socket.destroy())];
    await assert.rejects(take(await ask()), { message: "the connection broke" });
    replies = [() => undefined];
    await assert.rejects(ask(), { message: "nothing arrived for 0.2 s" });
    replies = [(socket) => socket.write(framed(body).subarray(0, 1000))];
    await assert.rejects(take(await ask()), { message: "nothing arrived for 0.2 s" });
    const controller = new AbortController();
    replies = [(socket) => socket.write(framed(body).subarray(0, 1000), () => controller.abort())];
    await assert.rejects(async () => await take(await ask(controller.signal)), { code: "INTERRUPTED" });
    await assert.rejects(ask(controller.signal), { code: "INTERRUPTED" });
  });

  it("does not count the time that the one who takes the bytes needs", async () => {
    replies = [(socket) => socket.write(framed(body))];
    const { body: answer } = await ask();
    const space = Buffer.alloc(1000);
    let [count, waits] = [0, 0];
    const failure = await answer.into({
      space: () => space,
      came: (length) => {
        count += length;
        if (waits > 0) return undefined;
        waits += 1;
        return new Promise((resolve) => setTimeout(resolve, 300));
      },
    });
    assert.deepEqual([failure, count], [undefined, body.length]);
  });

  it("passes on the failures of the one who takes the bytes", async () => {
    const space = Buffer.alloc(1000);
    const failure = new Error("full");
    for (const came of [() => Promise.reject(failure), () => assert.fail(failure)]) {
      for (const bytes of [body, body.subarray(0, 2500)]) {
        replies = [(socket) => socket.write(framed(bytes))];
        await assert.rejects((await ask()).body.into({ space: () => space, came }), failure);
      }
    }
    // The first bytes come with the head, later ones straight from the system.
    let left = 100;
    const ending = () => (left-- > 0 ? space : assert.fail(failure));
    replies = [(socket) => socket.write(framed(body))];
    await assert.rejects((await ask()).body.into({ space: ending, came: () => undefined }), failure);
  });

  it("waits for whoever takes the last bytes before the connection serves again", async () => {
    replies = [
      (socket) => socket.write(framed(body.subarray(0, 10))),
      (socket) => socket.write(framed(body)),
    ];
    let isTaken = false;
    const came = async () => {
      await sleep(20);
      isTaken = true;
    };
    await (await ask()).body.into({ space: () => Buffer.alloc(100), came });
    assert.ok(isTaken);
    assert.deepEqual(await take(await ask()), body);
    assert.equal(connections.length, 1);
  });

  it("may be stopped while the rest of an answer comes that nobody wants", async () => {
    const controller = new AbortController();
    const closed = new Promise<void>((resolve) => {
      replies = [
        (socket) => {
          socket.on("close", () => resolve());
          socket.write("HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 9\r\n\r\nthere");
        },
      ];
    });
    (await ask(controller.signal)).body.drop();
    controller.abort();
    await closed;
  });

  it("follows no redirect down to a line that others read, to another protocol, or with a password", () => {
    const to = (from: string, location: string) =>
      redirectOf({
        ...{ url: new URL(from), status: 302, headers: { location } },
        body: { into: () => Promise.resolve(undefined), drop: () => undefined },
      });
    const [secure, plain] = ["https://hub.example/a/b", "http://127.0.0.1:80/a/b"];
    assert.equal(String(to(secure, "../c?d=1")), "https://hub.example/c?d=1");
    assert.equal(String(to(plain, "http://[::1]:81/c")), "http://[::1]:81/c");
    assert.equal(String(to(plain, "https://cdn.example/c")), "https://cdn.example/c");
    for (const location of [
      "http://hub.example/c",
      "file:///etc/passwd",
      "https://a@b/",
      "https://:a@b/",
      "http://:x",
    ])
      assert.equal(to(secure, location), "unsafe", location);
  });

  it("sends no header that would be two", async () => {
    const headers = { range: "a\r\nb: c" };
    await assert.rejects(sendRange({ url, headers, stallMs: 200 }), { code: "ERR_INVALID_CHAR" });
  });

  describe("over TLS", () => {
    const child = join("dist", "test", "hub", "ask-child.js");
    const known = { NODE_EXTRA_CA_CERTS: CERTIFICATE };
    let secure: SecureServer;
    let port: number;
    let count = 0;

    before(async () => {
      const [key, cert] = [KEY, CERTIFICATE].map((path) => readFileSync(path));
      secure = createSecureServer({ key, cert }, (socket) => {
        count += 1;
        socket.on("error", () => undefined);
        socket.on("data", (request: Buffer) => {
          if (!request.toString().startsWith("GET /more ")) socket.write(framed(body));
          else {
            socket.write(framed(body.subarray(0, 3000)).subarray(0, -2990));
            for (const delay of [20, 40]) setTimeout(() => socket.write(Buffer.alloc(2500)), delay);
          }
        });
      });
      await new Promise<void>((resolve) => secure.listen(0, "localhost", resolve));
      port = (secure.address() as AddressInfo).port;
    });
    after(() => secure.close());

    async function askFromChild(
      host: string,
      environment: Record<string, string>,
      path = "",
    ): Promise<string> {
      const env = { ...process.env, ...environment };
      const address = `https://${host}:${port}/${path}`;
      const { stdout } = await promisify(execFile)(process.execPath, [child, address], { env });
      return stdout.trim();
    }

    it("brings the same bytes, several times over one connection", async () => {
      assert.equal(await askFromChild("localhost", known), Array(3).fill(sha256(body)).join(" "));
      assert.equal(count, 1);
    });

    it("takes no more than was announced, though whoever takes it is slow", async () => {
      const expected = sha256(Buffer.concat([body.subarray(0, 10), Buffer.alloc(2990)]));
      assert.equal(await askFromChild("localhost", known, "more"), Array(3).fill(expected).join(" "));
    });

    it("trusts no certificate that is unknown, or of another host", async () => {
      assert.equal(await askFromChild("localhost", {}), "DEPTH_ZERO_SELF_SIGNED_CERT");
      assert.equal(await askFromChild("127.0.0.1", known), "ERR_TLS_CERT_ALTNAME_INVALID");
    });
  });
});
