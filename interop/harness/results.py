"""RESULTS.md: what was proven against whom. A table a topic, a row a case, a column a peer.

The file is its own memory: a run replaces the columns of the peers that it ran, and leaves the others as they are. It
says nothing of when or where, so that the same outcome leaves the same bytes.
"""

from install import INTEROP

FILE = INTEROP / "RESULTS.md"
HEAD = """# What was proven against the other implementations

Written by `interop/run`, which replaces the columns of the peers that it ran. A cell is `ok`, `failed`, or why the case
was left out.
"""
PEERS = "peers"
# The columns, from left to right.
ORDER = ["threadwire", "Go", "Java", "Java (OkHttp)", "C++", "Python", "Node"]


def put(peer, version, tables):
    """Replaces a peer's columns: `tables` is {topic: {case: cell}}."""
    all_tables = read()
    all_tables.setdefault(PEERS, {}).setdefault("version", {})[peer] = version
    for topic, cells in tables.items():
        all_tables.setdefault(topic, {})[peer] = cells
    FILE.write_text(written(all_tables))


def read():
    """{topic: {column: {row: cell}}}; of the table of peers, {"version": {peer: version}}."""
    tables, columns = {}, None
    for line in FILE.read_text().splitlines() if FILE.exists() else []:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("## "):
            topic, columns = line[3:], None
        elif line.startswith("| ---"):
            pass
        elif line.startswith("|") and columns is None:
            columns = [tables.setdefault(topic, {}).setdefault(name, {}) for name in cells[1:]]
        elif line.startswith("|"):
            for column, cell in zip(columns, cells[1:]):
                column[cells[0]] = cell
    return tables


def written(tables):
    """The whole file; the table of peers comes first, the topics by their names."""
    topics = sorted(tables, key=lambda topic: (topic != PEERS, topic))
    return HEAD + "".join(f"\n## {topic}\n\n{table(topic, tables[topic])}" for topic in topics)


def table(topic, columns):
    names = sorted(columns, key=place)
    rows = list(dict.fromkeys(row for name in names for row in columns[name]))
    if topic == PEERS:
        rows.sort(key=place)
    lines = [["peer" if topic == PEERS else "case", *names], ["---"] * (len(names) + 1)]
    lines += [[row, *(columns[name].get(row, "not run") for name in names)] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def place(name):
    """Names that are not in the order come last."""
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)
