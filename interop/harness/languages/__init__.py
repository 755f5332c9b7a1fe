"""The languages of the matrix, by the names that `interop/run` takes: a file each."""

from . import go, java

ALL = {"go": go.LANGUAGE, "java": java.LANGUAGE}
