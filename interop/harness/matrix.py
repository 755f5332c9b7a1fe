"""The gRPC project's interoperability cases (its interop-test-descriptions.md) against one language, both ways.

Each case is a run of a client program that takes the standard flags; its exit code decides. What a language is, is a
record in `languages/`; what came of the cases goes into RESULTS.md (`results.py`).
"""

import functools
from concurrent.futures import ThreadPoolExecutor

import install
import results
from processes import free_port

# Of the clients: a busy machine must not fail a call for its latency, and calls go side by side.
SOAK = ["--soak_iterations=40", "--soak_num_threads=4", "--soak_per_iteration_max_acceptable_latency_ms=10000",
        "--soak_overall_timeout_seconds=60"]
# All cases, and the flags that one needs beside its name.
CASES = {
    "empty_unary": [],
    "large_unary": [],
    "client_compressed_unary": [],
    "server_compressed_unary": [],
    "client_streaming": [],
    "client_compressed_streaming": [],
    "server_streaming": [],
    "server_compressed_streaming": [],
    "ping_pong": [],
    "empty_stream": [],
    "custom_metadata": [],
    "status_code_and_message": [],
    "special_status_message": [],
    "unimplemented_method": [],
    "unimplemented_service": [],
    "cancel_after_begin": [],
    "cancel_after_first_response": [],
    "timeout_on_sleeping_server": [],
    "very_large_request": [],
    "pick_first_unary": [],
    "rpc_soak": SOAK,
    "channel_soak": SOAK,
    "long_lived_channel": ["--soak_iterations=4", "--iteration_interval=1"],
    "concurrent_large_unary": [],
    "max_concurrent_streams_connection_scaling": [],
}
COMPRESSED = [case for case in CASES if "_compressed_" in case]
# For servers that cannot tell whether a request is compressed as it says, which these cases begin with.
WITHOUT_PROBE = {case: f"{case}_noprobe" for case in COMPRESSED if case.startswith("client_")}
# Of the negative HTTP/2 cases (negative_standard.py), those that are newer.
PADDING = ["data_frame_padding", "no_df_padding_sanity_test"]
NOBODY_RUNS = {"max_concurrent_streams_connection_scaling": "waits for TLS"}
SECONDS = 90
# As many as there are cores on the machines of CI.
AT_ONCE = 2
OURS_CALL, THEY_CALL = "threadwire's client, the other's server", "the other's client, threadwire's server"


class Programs:
    """The command lines of a language's server, if it has one, and client, to which the standard flags are added, and a
    line that says what they are, with its version; and those that some cases have instead: {case: command line}."""

    def __init__(self, version, server, client, servers={}, clients={}):
        self.version, self.has_server = version, server is not None
        self.server = {case: line(servers.get(case, server or [])) for case in CASES}
        self.client = {case: line(clients.get(case, client)) for case in CASES}


def line(argv):
    return tuple(str(part) for part in argv)


class Language:
    """A language: its title, what installs it and answers its Programs; the cases that its client and its server have
    not, and what fails though both are its own: {case: reason}; and what its server needs another case for:
    {case: name}."""

    def __init__(self, title, install, client_lacks, server_lacks, fails_alone={}, instead={}):
        self.title, self.install = title, install
        self.client_lacks, self.server_lacks, self.fails_alone = client_lacks, server_lacks, fails_alone
        self.instead = instead


@functools.cache
def ours():
    """The programs of interop/grpc, which pass their own tests."""
    built = install.cargo(install.INTEROP / "grpc")
    install.cargo(install.INTEROP / "grpc", "test")
    return Programs("threadwire", [built / "interop-server"], [built / "interop-client"])


def run(language, tally, processes):
    """Both directions, and their columns in RESULTS.md."""
    own, theirs = ours(), language.install()
    columns = {}
    if theirs.has_server:
        lacks = {**language.server_lacks, **NOBODY_RUNS}
        columns[OURS_CALL] = cases(f"{language.title}'s server", tally, processes, own, theirs, lacks,
                                   language.instead)
    lacks = {**language.client_lacks, **NOBODY_RUNS}
    columns[THEY_CALL] = cases(f"{language.title}'s client", tally, processes, theirs, own, lacks)
    results.put(language.title, theirs.version, columns)


def control(language, tally, processes):
    """The language with itself: what fails here is not threadwire's."""
    theirs = language.install()
    if not theirs.has_server:
        return
    lacks = {**language.server_lacks, **language.client_lacks, **language.fails_alone, **NOBODY_RUNS}
    cases(f"{language.title} with itself", tally, processes, theirs, theirs, lacks, language.instead)


def cases(what, tally, processes, caller, server, lacks, instead={}):
    """Runs the client's cases against the server, a few at once. {case: `ok`, `failed`, or why it was left out}"""
    serving = {argv: serve(processes, argv) for argv in {server.server[name] for name in CASES if name not in lacks}}

    def case(name):
        if name in lacks:
            return None
        port = serving[server.server[name]].port
        flags = ["--server_host=127.0.0.1", f"--server_port={port}", "--use_tls=false",
                 f"--test_case={instead.get(name, name)}"]
        return processes.output([*caller.client[name], *flags, *CASES[name]], timeout=SECONDS)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        outputs = list(pool.map(case, CASES))
    cells = {name: cell(f"{what}: {name}", tally, output, lacks.get(name)) for name, output in zip(CASES, outputs)}
    for process in serving.values():
        tally.must_run(what, process)
    return cells


def serve(processes, argv):
    port = free_port()
    return processes.serving([*argv, f"--port={port}", "--use_tls=false"], port)


def cell(what, tally, output, reason):
    if output is None:
        tally.note(f"left out {what}: {reason}")
        return reason
    if output.status == 0:
        tally.ok(what)
        return "ok"
    said = f"{output.text}\n{output.errors}".strip().splitlines()
    tally.failed(what, f"exit {output.status}; {' | '.join(said[-3:])}")
    return "failed"
