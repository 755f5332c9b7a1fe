"""`interop/run hostile`: `threadwire serve` against peers that mean ill. Each case says what the peer gets, and a
bystander that makes calls all along is not disturbed; at the end the server answers, and no thread and no descriptor is
left."""

import os
import time
from pathlib import Path

import install
import results
from expected import ECHO, GREETER

TOPIC = "threadwire's server, clients that are scripted frame by frame"

# On a busy machine everything takes longer.
SECONDS_TO_SETTLE = 20
# `threadwire-attend`, as the system cuts it.
ATTENDANT = "threadwire-atte"


def run(tally, processes):
    peer, program = install.python(), install.ours().program
    install.python_packages()
    from scripted import hostile_connections, hostile_floods, hostile_requests, hostile_sockets
    from scripted.client import Bystander, Target
    server = processes.program(program)
    answers(tally, processes, peer, server, "before")
    before, cells = settled(server.process.pid), {}
    with Bystander(peer, server.target) as bystander:
        target = Target(server.grpc_port)
        for topic in (hostile_requests, hostile_connections, hostile_floods):
            for case in topic.CASES:
                judge(tally, cells, case, target, bystander)
        for case in hostile_sockets.CASES:
            judge(tally, cells, case, hostile_sockets.targets_of(server), bystander)
    tally.equal("hostile: no thread or descriptor is left", back_to(server.process.pid, before), None)
    results.put("threadwire", f"{install.version()}: {install.OURS}", {TOPIC: cells})
    answers(tally, processes, peer, server, "afterwards")
    tally.equal("hostile: SIGTERM drains and exits 0", processes.terminate(server), 0)


def answers(tally, processes, peer, server, when):
    for kind, address, expected in [("--greeter", server.target, GREETER), ("--echo", server.url, ECHO)]:
        tally.report(f"hostile: {when}", processes.output(peer + ["check", kind, address]), expected)


def judge(tally, cells, case, target, bystander):
    wrong = None
    try:
        case(target)
        bystander.is_undisturbed()
    except Exception as error:  # a case may fail in any way; it is the line that says so
        wrong = f"{type(error).__name__}: {error}"
    name = case.__name__.replace("_", " ")
    tally.equal(f"hostile: {name}", wrong, None)
    cells[name] = "failed" if wrong else "ok"


def counts(pid):
    """(threads, descriptors) of a process; without the attendant, which starts when it is first needed and stays."""
    lasting = [name for name in threads(pid) if name != ATTENDANT]
    return len(lasting), len(os.listdir(f"/proc/{pid}/fd"))


def threads(pid):
    """The names of a process's threads."""
    return sorted(name.read_text().strip() for name in Path(f"/proc/{pid}/task").glob("*/comm"))


def settled(pid):
    """The counts once they have stayed the same for two seconds."""
    now, since = counts(pid), time.monotonic()
    while time.monotonic() - since < 2:
        time.sleep(0.05)
        if counts(pid) != now:
            now, since = counts(pid), time.monotonic()
    return now


def back_to(pid, before):
    """None once neither count is above what it was; else what it is after a while."""
    until = time.monotonic() + SECONDS_TO_SETTLE
    while any(now > then for now, then in zip(counts(pid), before)):
        if time.monotonic() > until:
            return f"(threads, descriptors) before {before}, now {counts(pid)}: {' '.join(threads(pid))}"
        time.sleep(0.05)
    return None
