"""The standard flags of gRPC's interop programs: `--name=value` or `--name value`."""

import argparse
import sys


def parse(defaults):
    """The flags, each a number where its default is one. What is not known is a usage error (exit 2), TLS too."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name, default in {**defaults, "use_tls": "false"}.items():
        parser.add_argument(f"--{name}", default=default, type=type(default))
    flags = parser.parse_args()
    if flags.use_tls == "true":
        sys.stderr.write("usage: --use_tls=true: there is no TLS here\n")
        sys.exit(2)
    return flags
