"""The cases that every peer reports, in every language: one that is missing is a failure."""

GRPC = [
    "reply",
    "metadata both ways",
    "error status",
    "deadline",
    "unknown method",
    "unknown service",
    "large message",
    "gzip and deflate",
    "request over the limit",
    "reply over the limit",
    "1000 calls over 10 threads",
    "reply after all that",
]
WEBSOCKET = [
    "text",
    "binary",
    "1 MiB",
    "fragments",
    "ping to the server",
    "ping from the server",
    "client closes 4000",
    "server closes 4001",
    "server closes 1000",
    "server push",
    "20 connections at once",
]
GREETER = ["greeting"]
ECHO = ["text", "binary", "from a page of another origin"]
HELLO = "Привет от программы"
