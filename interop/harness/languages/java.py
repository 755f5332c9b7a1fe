"""grpc-java: its own interop client and server, of the version in interop/java."""

import shutil
import xml.etree.ElementTree as xml

import install
from matrix import COMPRESSED, Language, Programs

POM = install.INTEROP / "java" / "pom.xml"
FOLDER = install.PEERS / "java-interop"
ARTIFACT = "grpc-interop-testing"
# Each case starts a virtual machine of its own: it must start fast, not run fast.
JAVA = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{FOLDER}/*"]
PACKAGE = "io.grpc.testing.integration"


def programs():
    def copy():
        shutil.rmtree(FOLDER, ignore_errors=True)
        install.run(["mvn", "--quiet", "--batch-mode", "--file", POM, "dependency:copy-dependencies",
                     f"-DoutputDirectory={FOLDER}"])

    install.once("java-interop", POM.read_text(), copy)
    return Programs(f"grpc-java {version()}: {ARTIFACT}'s TestServiceClient and TestServiceServer",
                    [*JAVA, f"{PACKAGE}.TestServiceServer"], [*JAVA, f"{PACKAGE}.TestServiceClient"])


def version():
    names = {"pom": "http://maven.apache.org/POM/4.0.0"}
    dependencies = xml.parse(POM).findall("pom:dependencies/pom:dependency", names)
    return next(dependency.findtext("pom:version", namespaces=names) for dependency in dependencies
                if dependency.findtext("pom:artifactId", namespaces=names) == ARTIFACT)


LANGUAGE = Language(
    "Java",
    programs,
    client_lacks={
        "long_lived_channel": "grpc-java's client has no such case",
        "concurrent_large_unary": "grpc-java's client has no such case",
    },
    server_lacks={},
    # It does not look whether a request is compressed as it says, which these cases begin with.
    instead={case: f"{case}_noprobe" for case in COMPRESSED if case.startswith("client_")},
)
