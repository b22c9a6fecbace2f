#!/usr/bin/python3
"""scripts/vectors.py FOLDER OUT.c OUT.d: the published vectors of a folder's JSON files as a C table.

The files are those of tests/vectors/crypto/, so that the unit tests and `esplab conform` have the same list.
OUT.d tells ninja what the table depends on: the files, and the folder, into which another may come.
"""
import json
import pathlib
import sys

TEXTS = ("name", "transform")
BYTES = ("key", "auth_key", "iv", "aad", "text", "out", "icv")
AUTH = "auth"  # what GMAC authenticates: it comes out as it went in


def c_text(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def c_bytes(field, value):
    """Two members of a struct: the bytes and how many."""
    data = bytes.fromhex(value)
    if not data:
        return ""
    numbers = ",".join(str(byte) for byte in data)
    return f"\t\t.{field} = {{(const uint8_t[]){{{numbers}}}, {len(data)}}},\n"


def c_row(file, case):
    unknown = set(case) - set(TEXTS) - set(BYTES) - {AUTH}
    if unknown:
        sys.exit(f"{file}: {case.get('name')}: unknown key {', '.join(sorted(unknown))}; "
                 f"allowed: {', '.join(TEXTS + BYTES + (AUTH,))}")
    if AUTH in case:
        case = dict(case, text=case[AUTH], out=case[AUTH])
    row = f"\t{{\n\t\t.file = {c_text(file.name)},\n"
    row += "".join(f"\t\t.{field} = {c_text(case[field])},\n" for field in TEXTS)
    return row + "".join(c_bytes(field, case.get(field, "")) for field in BYTES) + "\t},\n"


def main():
    folder, out, depends = map(pathlib.Path, sys.argv[1:])
    files = sorted(folder.glob("*.json"))
    rows = [c_row(file, case) for file in files
            for case in json.loads(file.read_text(encoding="utf-8"))["cases"]]
    out.write_text("/* Made by scripts/vectors.py. */\n#include \"conform/vector.h\"\n\n"
                   "const struct conform_vector conform_vectors[] = {\n" + "".join(rows) + "};\n\n"
                   f"const unsigned conform_vector_count = {len(rows)};\n", encoding="utf-8")
    depends.write_text(f"{out}: {' '.join(map(str, [folder, *files]))}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
