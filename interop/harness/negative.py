"""`interop/run http2-negative`: our client against a server that is scripted frame by frame."""

from concurrent.futures import ThreadPoolExecutor

import install
import results

TOPIC = "threadwire's client, a server that is scripted frame by frame"
AT_ONCE = 4


def run(tally, _processes):
    install.python_packages()
    from scripted import negative_connections, negative_messages, negative_streams
    from scripted.server import Script
    ours = install.ours()

    def outcome(case):
        """What was wrong, or None."""
        try:
            with Script(ours.peer) as script:
                case(script)
        except Exception as error:  # a case may fail in any way; it is the line that says so
            return f"{type(error).__name__}: {error}"
        return None

    cases = [case for topic in (negative_connections, negative_streams, negative_messages) for case in topic.CASES]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(outcome, cases))
    cells = {}
    for case, wrong in zip(cases, outcomes):
        name = case.__name__.replace("_", " ")
        tally.equal(f"http2-negative: {name}", wrong, None)
        cells[name] = "failed" if wrong else "ok"
    results.put("threadwire", f"{install.version()}: {install.OURS}", {TOPIC: cells})
