"""The gRPC project's negative HTTP/2 cases: clients with the standard flags against `scripted/standard.py`."""

from concurrent.futures import ThreadPoolExecutor

import install
import matrix
import results
from languages import go, java

TOPIC = "clients against a server that is scripted frame by frame"
AT_ONCE = 4
SECONDS = 60


def run(tally, processes):
    """Ours, and its column in RESULTS.md."""
    client = matrix.ours().client["empty_unary"]
    column = cases("threadwire", tally, processes, client, {})
    results.put("threadwire", f"{install.version()}: {install.OURS}", {TOPIC: column})


def control(tally, processes):
    """Those of the others: what fails here is not threadwire's."""
    cases("Go", tally, processes, go.negative_client(), go.NEGATIVE_LACKS)
    cases("Java", tally, processes, java.negative_client(), java.NEGATIVE_LACKS)


def cases(what, tally, processes, client, lacks):
    """{case: `ok`, `failed`, or why it was left out}"""
    install.python_packages()
    from scripted import standard

    def outcome(case):
        if case in lacks:
            return None, None
        server = standard.Standard(case)
        flags = ["--server_host=127.0.0.1", f"--server_port={server.port}", f"--test_case={case}"]
        output = processes.output([*client, *flags], timeout=SECONDS)
        return output, server.wrong()

    def cell(case, output, wrong):
        name = f"http2-negative, {what}: {case}"
        if wrong is not None:
            tally.failed(name, wrong)
            return "failed"
        return matrix.cell(name, tally, output, lacks.get(case))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(outcome, standard.CASES))
    return {case: cell(case, *outcome) for case, outcome in zip(standard.CASES, outcomes)}
