"""The gRPC cases with grpcurl, which is a client only and makes one call a process.

So the thousand calls on one channel are not for it; thirty processes, ten at a time, take their place.
"""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import install

FAIL_MESSAGE = "100 % сломано ☺\nвторая строка\tи 😈"
METHOD = "threadwire.interop.Interop/Echo"
IMPORTS = [part for proto in install.PROTOS for part in ("-import-path", str(proto.parent), "-proto", proto.name)]


def run(tally, processes, grpcurl, ours):
    server = processes.server(ours.peer + ["serve", "--grpc", "127.0.0.1:0", "--ws", "127.0.0.1:0"])
    interop_cases(tally, processes, grpcurl, server.target, "grpcurl")
    tally.must_run("grpcurl", server)
    program = processes.program(ours.program)
    output = call(processes, grpcurl, program.target, "Greeter/SayHello", {"name": "World"})
    tally.equal("grpcurl to threadwire serve: greeting", reply_of(output), {"message": "Hello, World!"})
    tally.equal("grpcurl to threadwire serve: SIGTERM drains and exits 0", processes.terminate(program), 0)


def call(processes, grpcurl, target, method, request, *flags):
    argv = [*grpcurl, "-plaintext", *IMPORTS, "-format-error", *flags, "-d", "@", target, method]
    return processes.output(argv, given=json.dumps(request))


def reply_of(output):
    """The reply, or what came instead of it."""
    return json.loads(output.text) if output.status == 0 else f"{output.text} {output.errors}"


def refusal_of(output):
    """The status of a failed call, or what came instead of it."""
    try:
        error = json.loads(output.errors)
    except ValueError:
        return f"{output.text} {output.errors}"
    return error["code"], error.get("message", "")


def interop_cases(tally, processes, grpcurl, target, what, joined=False):
    def echo(request, *flags, method=METHOD):
        return call(processes, grpcurl, target, method, request, *flags)

    def code(case, output, expected):
        refusal = refusal_of(output)
        tally.equal(f"{what}: {case}", refusal[0] if isinstance(refusal, tuple) else refusal, expected)

    sent = {"text": "Привет, мир ☺ 😈", "payload": base64.b64encode(b"\0\xff").decode()}
    tally.equal(f"{what}: reply", reply_of(echo(sent)), sent)
    metadata_both_ways(tally, what, echo({}, "-v", "-H", "x-echo-text: first", "-H", "x-echo-text: second value",
                                         "-H", f"x-echo-data-bin: {base64.b64encode(b'ab').decode()}"), joined)
    tally.equal(f"{what}: error status", refusal_of(echo({"fail_code": 9, "fail_message": FAIL_MESSAGE})),
                (9, FAIL_MESSAGE))
    code("deadline", echo({"sleep_ms": 5000}, "-max-time", "0.5"), 4)
    code("unknown method", echo({}, method="threadwire.interop.Interop/Missing"), 12)
    code("unknown service", echo({}, method="threadwire.interop.Absent/Call"), 12)
    large = {"payload": base64.b64encode(bytes(range(251)) * (3 * 1024 * 1024 // 251)).decode()}
    tally.equal(f"{what}: large message", reply_of(echo(large)) == large, True)
    code("request over the limit", echo({"payload": base64.b64encode(bytes(5 * 1024 * 1024)).decode()}), 8)
    code("reply over the limit", echo({"reply_bytes": 5 * 1024 * 1024}), 8)
    with ThreadPoolExecutor(10) as pool:
        texts = [f"process {number}" for number in range(30)]
        replies = list(pool.map(lambda text: reply_of(echo({"text": text})), texts))
    tally.equal(f"{what}: 30 calls, 10 at a time", replies, [{"text": text} for text in texts])


def metadata_both_ways(tally, what, output, joined):
    """grpcurl -v shows both blocks, binary values in base64."""
    texts = {"x-echo-text: first, second value"} if joined else {"x-echo-text: first", "x-echo-text: second value"}
    expected = texts | {"x-echo-data-bin: YWI="}
    headers, _, rest = output.text.partition("Response contents:")
    trailers = rest.partition("Response trailers received:")[2]
    for where, block in [("initial", headers.partition("Response headers received:")[2]), ("trailing", trailers)]:
        came = {line for line in block.splitlines() if line.startswith("x-echo-")}
        tally.equal(f"{what}: {where} metadata", came, expected)
