"""grpc-java: its own interop client and server, of the version in interop/java."""

import shutil
import xml.etree.ElementTree as xml

import install
from matrix import PADDING, WITHOUT_PROBE, Language, Programs

POM = install.INTEROP / "java" / "pom.xml"
FOLDER = install.PEERS / "java-interop"
ARTIFACT = "grpc-interop-testing"
# Each case starts a virtual machine of its own: it must start fast, not run fast.
JAVA = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{FOLDER}/*"]
SERVER, CLIENT, NEGATIVE_CLIENT = ([*JAVA, f"io.grpc.testing.integration.{name}"] for name in (
    "TestServiceServer", "TestServiceClient", "Http2Client"))
CLIENT_LACKS = {case: "grpc-java's client has no such case"
                for case in ("long_lived_channel", "concurrent_large_unary")}


def programs():
    def copy():
        shutil.rmtree(FOLDER, ignore_errors=True)
        install.run(["mvn", "--quiet", "--batch-mode", "--file", POM, "dependency:copy-dependencies",
                     f"-DoutputDirectory={FOLDER}"])

    install.once("java-interop", POM.read_text(), copy)
    return Programs(f"grpc-java {version()}: {ARTIFACT}'s TestServiceClient and TestServiceServer", SERVER, CLIENT)


def okhttp():
    programs()
    return Programs("the same TestServiceClient on the transport grpc-okhttp, which has no server", None,
                    [*CLIENT, "--use_okhttp=true"])


def negative_client():
    programs()
    return NEGATIVE_CLIENT


def version():
    names = {"pom": "http://maven.apache.org/POM/4.0.0"}
    dependencies = xml.parse(POM).findall("pom:dependencies/pom:dependency", names)
    return next(dependency.findtext("pom:version", namespaces=names) for dependency in dependencies
                if dependency.findtext("pom:artifactId", namespaces=names) == ARTIFACT)


LANGUAGE = Language(
    "Java",
    programs,
    client_lacks=CLIENT_LACKS,
    server_lacks={"server_compressed_streaming": "grpc-java's server compresses no message of a stream"},
    instead=WITHOUT_PROBE,
)
# Its HTTP/2 is another than that of grpc-netty, which the above is.
OKHTTP = Language("Java (OkHttp)", okhttp, client_lacks=CLIENT_LACKS, server_lacks={})
NEGATIVE_LACKS = {
    **{case: "grpc-java's client has no such case" for case in PADDING},
    **{case: "grpc-java's client wants another text than its channel gives"
       for case in ("rst_after_header", "rst_during_data", "rst_after_data")},
}
