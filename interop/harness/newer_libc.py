"""Starts a program that wants a newer C library than the system has: with Debian's beside it, in interop/.peers.

The packages come from where the system's own apt gets Debian's, by a later release's name. For that apt has a root of
its own, so that nothing of the system changes.
"""

import shutil
import subprocess

import install

RELEASE = "trixie"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
PACKAGES = ["libc6", "libstdc++6", "libgcc-s1"]


def command(program):
    """The command line that starts the program: it alone where that works."""
    # Without arguments it says how it is used, unless the loader refuses to start it.
    alone = subprocess.run([program], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    if "' not found" not in alone.stderr:
        return [str(program)]
    root = install.PEERS / "libc"
    install.once("libc", " ".join([RELEASE, *PACKAGES]), lambda: unpack(root))
    # The loader stands beside the C library, also where /lib is elsewhere.
    [loader] = [path for path in root.glob("usr/lib/*/ld-linux-*.so.*")]
    return [str(loader), "--library-path", str(loader.parent), str(program)]


def unpack(root):
    shutil.rmtree(root, ignore_errors=True)
    apt, packages = root / "apt", root / "packages"
    for folder in [apt / "state" / "lists" / "partial", apt / "cache" / "archives" / "partial", packages]:
        folder.mkdir(parents=True)
    (apt / "status").touch()
    (apt / "sources.list").write_text(source())
    options = [f"Dir::State={apt / 'state'}", f"Dir::State::status={apt / 'status'}", f"Dir::Cache={apt / 'cache'}",
               f"Dir::Etc::SourceList={apt / 'sources.list'}", "Dir::Etc::SourceParts=/dev/null",
               "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false", "Acquire::Languages=none"]
    options = [part for option in options for part in ("-o", option)]
    install.run(["apt-get", "-q", *options, "update"])
    install.run(["apt-get", "-q", *options, "download", *PACKAGES], cwd=packages)
    for package in packages.iterdir():
        install.run(["dpkg", "-x", package, root])
    shutil.rmtree(apt)
    shutil.rmtree(packages)


def source():
    """The system's own source of Debian's packages, of the later release."""
    listed = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)",
                             "Created-By: Packages"], capture_output=True, text=True, check=True, timeout=60).stdout
    codename = subprocess.run(["sh", "-c", ". /etc/os-release && echo $VERSION_CODENAME"], capture_output=True,
                              text=True, check=True).stdout.strip()
    for line in listed.splitlines():
        uri, release, component = line.split("|")
        if (release, component) == (codename, "main"):
            return f"deb [signed-by={KEYRING}] {uri} {RELEASE} main\n"
    raise RuntimeError(f"apt has no source of {codename} main")
