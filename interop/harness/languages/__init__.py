"""The languages of the matrix, by name: a file each."""

from . import cpp, go, java, node, python

ALL = {
    "go": go.LANGUAGE,
    "java": java.LANGUAGE,
    "java-okhttp": java.OKHTTP,
    "cpp": cpp.LANGUAGE,
    "python": python.LANGUAGE,
    "node": node.LANGUAGE,
}
