"""What check_layers and check_style share: files of the tree, C without comments, findings, the self-test.

A finding is (path, line, rule, text); path is relative to the root of the tree.
"""
import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOT_OURS = re.compile(r"^(\.git|__pycache__|build.*|results.*)$")
C_SUFFIXES = {".c", ".h", ".def"}

TOKEN = re.compile(r"""(?P<comment>/\*.*?\*/|//[^\n]*)|"""
                   r"""(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""", re.S)


def source_files(root):
    """Paths of all files below root, relative, sorted; what .gitignore leaves out is left out here too."""
    found = []
    for path in sorted(root.iterdir()):
        if NOT_OURS.match(path.name):
            continue
        if path.is_dir():
            found += [path.relative_to(root) / sub for sub in source_files(path)]
        else:
            found.append(path.relative_to(root))
    return found


def c_code(text, keep_strings=False):
    """C text with comments, and contents of strings unless kept, blanked out; lines stay where they are."""

    def blank(match):
        if match.group("string"):
            return match.group() if keep_strings else '"' + " " * (len(match.group()) - 2) + '"'
        return re.sub(r"[^\n]", " ", match.group())

    return TOKEN.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def report(findings):
    """Prints them in order; returns the exit status."""
    for path, line, rule, text in sorted(set(findings)):
        print(f"{path}:{line}: {rule}: {text}")
    return 1 if findings else 0


def self_test(check, cases):
    """Plants each case in a tree of its own and runs check(root) there.

    A case is (rule, "path:line", {path: text or bytes}): just this finding must come; rule None: none must.
    """
    bad = 0
    for number, (rule, where, files) in enumerate(cases, 1):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, text in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(text if isinstance(text, bytes) else text.encode())
            found = {(f"{path}:{line}", rule) for path, line, rule, _ in check(root)}
        wanted = {(where, rule)} if rule else set()
        if found != wanted:
            bad += 1
            print(f"case {number}: wanted {wanted or 'nothing'}, found {found or 'nothing'}", file=sys.stderr)
    print(f"self-test: {len(cases) - bad} of {len(cases)} cases as planted")
    return 1 if bad else 0
