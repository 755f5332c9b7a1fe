""".proto files of the world: each corpus compiles with threadwire-build, what is emitted compiles, and random messages
of its types are the same to Python. Nothing of them is checked in: pinned packages bring them.

Where one version of a package has what others lack, that version is named: etcd 3.5 uses gogoproto.
"""

import json
import shutil
import tarfile

import install
import protobuf
from install import INTEROP, PEERS, once
from protobuf import Files

FOLDER = PEERS / "corpora"
NPM = {
    "grpc-health": "grpc-health-check@2.1.0",
    "grpc-reflection": "@grpc/reflection@1.0.4",
    "grpc-js": "@grpc/grpc-js@1.14.7",
    "envoy": "@grpc/grpc-js-xds@1.14.1",
    "google": "google-proto-files@5.0.3",
}
PYPI = ["googleapis-common-protos==1.76.0", "onnx==1.23.2"]
GO = {
    "pgv": "github.com/envoyproxy/protoc-gen-validate@v1.3.3",
    "etcd/api": "go.etcd.io/etcd/api/v3@v3.5.21",
    "gogo": "github.com/gogo/protobuf@v1.3.2",
    "k8s.io/api": "k8s.io/api@v0.37.2",
    "k8s.io/apimachinery": "k8s.io/apimachinery@v0.37.2",
}
GOOGLEADS = "google/ads/googleads/v25"


class Corpus(Files):
    """The files of the first directory that these patterns match. Without values, they are only compiled."""

    def __init__(self, name, includes, patterns, values=1500, hostile=1500):
        files = {str(path.relative_to(includes[0])) for pattern in patterns for path in includes[0].glob(pattern)}
        super().__init__(name, includes, sorted(files))
        self.values, self.hostile = values, hostile
        if not files:
            raise RuntimeError(f"{includes[0]} has no file {patterns}")


def run(tally, processes):
    for corpus in corpora():
        what = f"protobuf-corpora {corpus.name} ({len(corpus.files)} files)"
        try:
            if corpus.values:
                protobuf.round_trip(tally, processes, what, corpus, corpus.values, corpus.hostile)
            else:
                protobuf.check(tally, what, corpus)
        except Exception as error:  # a corpus that does not compile is its own failure
            tally.failed(f"{what}: stopped", f"{type(error).__name__}: {error}")


def corpora():
    npm_packages(), pypi_packages(), go_modules()
    python = FOLDER / "pypi"
    wellknown, *_ = (PEERS / "python").glob("lib/python*/site-packages/grpc_tools/_proto")
    health, reflection = FOLDER / "grpc-health/proto", FOLDER / "grpc-reflection/build/proto"
    # Its files import those beside them by their names alone.
    go = FOLDER / "go"
    etcd = [go / "etcd/api/etcdserverpb", go, go / "gogo", python]
    envoy = FOLDER / "envoy/deps"
    envoy = [envoy / part for part in ("envoy-api", "xds")] + [go / "pgv", FOLDER / "google"]
    return [
        # Without descriptors and features, of which protox knows older versions.
        Corpus("google-well-known-types", [wellknown], ["google/protobuf/[!cdgj]*.proto", "google/protobuf/du*.proto"]),
        Corpus("googleapis-common-protos", [python, wellknown], ["google/**/*.proto"]),
        Corpus("opentelemetry", [opentelemetry()], ["opentelemetry/**/*.proto"]),
        Corpus("etcd", etcd, ["*.proto"]),
        Corpus("grpc-health", [health], ["health/v1/*.proto"]),
        Corpus("grpc-reflection", [reflection], ["grpc/**/*.proto"]),
        Corpus("grpc-channelz", [FOLDER / "grpc-js/proto"], ["channelz.proto"]),
        Corpus("onnx", [python], ["onnx/onnx-ml.proto"]),
        Corpus("kubernetes", [go], ["k8s.io/api/core/v1/*.proto", "k8s.io/api/apps/v1/*.proto"]),
        # Without what imports files that no package has: opencensus, prometheus.
        Corpus("envoy", envoy, ["envoy/config/[bcelor]*/v3/*.proto", "envoy/service/[cdelrs]*/v3/*.proto"]),
        Corpus("googleads", [FOLDER / "google"], [f"{GOOGLEADS}/**/*.proto"], values=0),
    ]


def npm_packages():
    def install_packages():
        for name, package in NPM.items():
            folder = FOLDER / name
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            packed = install.output(["npm", "pack", "--silent", "--pack-destination", folder, package]).split()[-1]
            with tarfile.open(folder / packed) as archive:
                # Everything in it lies in `package/`.
                members = [member for member in archive.getmembers() if member.name.endswith(".proto")]
                for member in members:
                    member.name = member.name.partition("/")[2]
                archive.extractall(folder, members, filter="data")
            (folder / packed).unlink()

    once("corpora-npm", json.dumps(NPM), install_packages)


def pypi_packages():
    def install_packages():
        shutil.rmtree(FOLDER / "pypi", ignore_errors=True)
        install.run([install.python_environment(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                     "--no-deps", "--target", FOLDER / "pypi", *PYPI])

    once("corpora-pypi", json.dumps(PYPI), install_packages)


def go_modules():
    """Links to the modules in Go's own cache, under the paths by which their files import each other."""
    for name, module in GO.items():
        link = FOLDER / "go" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(json.loads(install.output(["go", "mod", "download", "-json", module]))["Dir"])


def opentelemetry():
    """The crate has the files; interop/corpora is a package that depends on it and on nothing else."""
    manifest = INTEROP / "corpora" / "Cargo.toml"
    packages = json.loads(install.output(["cargo", "metadata", "--format-version=1", "--manifest-path", manifest]))
    crate, = (package for package in packages["packages"] if package["name"] == "opentelemetry-proto")
    return install.Path(crate["manifest_path"]).parent / "src/proto/opentelemetry-proto"
