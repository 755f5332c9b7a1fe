"""The languages of the matrix, by the names that `interop/run` takes: a file each."""

from . import cpp, go, java, node, python

ALL = {
    "go": go.LANGUAGE,
    "java": java.LANGUAGE,
    "cpp": cpp.LANGUAGE,
    "python": python.LANGUAGE,
    "node": node.LANGUAGE,
}
