"""The languages of the matrix, by name: a file each."""

from . import go, java

ALL = {"go": go.LANGUAGE, "java": java.LANGUAGE, "java-okhttp": java.OKHTTP}
