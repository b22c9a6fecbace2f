"""Violations of the style, planted one by one by `scripts/check_style --self-test`.

A row: rule (None: nothing may be found), "path:line" of the finding, the files of the little tree.
"""

OPENING = "/* What this is. */\n"


def c(text, path="lab/a.c"):
    return {path: OPENING + text}


def c_function(body_lines, head="int\nf(void)\n"):
    """A function of body_lines + 4 lines: type, name, two braces."""
    return head + "{\n" + "\tg();\n" * body_lines + "}\n"


def python_function(lines):
    return "def f():\n" + "    g()\n" * (lines - 1)


CASES = [
    # sizes
    ("function", "lab/a.c:3", c("\n" + c_function(57))),
    (None, None, c("\n" + c_function(56))),
    ("function", "lab/a.h:4", c("struct x;\n\n" + c_function(57, "static inline int\nf(void)\n"), "lab/a.h")),
    ("function", "lab/a.c:4", c("};\n\n" + c_function(60) + "\n" + c_function(3))),
    ("function", "scripts/a.py:1", {"scripts/a.py": python_function(61)}),
    ("function", "scripts/tool:2", {"scripts/tool": "#!/usr/bin/python3\n" + python_function(61)}),
    (None, None, {"scripts/a.py": python_function(60)}),
    ("file", "lab/a.c:501", c("int x;\n" * 500)),
    (None, None, c("int x;\n" * 499)),
    (None, None, {"docs/long.md": "text\n" * 600}),
    ("width", "lab/a.c:2", c("//" + "x" * 109 + "\n")),
    ("width", "lab/a.c:2", c("\t" * 13 + "x" * 7 + "\n")),
    (None, None, c("\t" * 13 + "x" * 6 + "\n" + "/* " + "§" * 104 + " */\n")),
    (None, None, {"docs/wide.md": "x" * 200 + "\n"}),
    # blanks and tabs
    ("blank", "docs/a.md:2", {"docs/a.md": "one\ntwo \n"}),
    ("blank", "lab/a.c:2", c("int x;\t\n")),
    ("blank", "lab/a.c:1", {"lab/a.c": OPENING.strip()}),
    ("blank", "lab/a.c:3", c("int x;\n\n")),
    ("tabs", "lab/a.c:2", c("    int x;\n")),
    ("tabs", "lab/a.c:2", c("        int x;\n")),
    ("tabs", "lab/a.c:2", c("\t        int x;\n")),
    ("tabs", "lab/a.c:2", c("  \tint x;\n")),
    (None, None, c("\tint x = f(1,\n\t    2);\n/* one\n * two\n */\n")),
    ("tabs", "scripts/a.py:2", {"scripts/a.py": "if 1:\n\tf()\n"}),
    ("tabs", "scripts/run:2", {"scripts/run": "#!/bin/sh\n\techo\n"}),
    # manners
    ("opening", "lab/a.c:1", {"lab/a.c": "#include <stdio.h>\n"}),
    ("opening", "lab/a.def:1", {"lab/a.def": "ROW(a)\n"}),
    ("typedef", "lab/a.c:2", c("typedef struct x x_t;\n")),
    ("typedef", "lab/a.c:2", c("typedef  enum x x_t;\n")),
    (None, None, c("/* typedef struct */\nsay(\"typedef struct\");\n")),
    ("signature", "lab/a.c:2", c("int f(void)\n{\n}\n")),
    ("signature", "lab/a.c:3", c("int\nf(void) {\n}\n")),
    (None, None, c("static __attribute__((noinline)) int\nf(int a,\n\tint b)\n{\n}\n")),
    (None, None, c("static const int t[] = {\n\t1,\n};\nstruct x {\n\tint a;\n};\n")),
    ("undone", "docs/a.md:1", {"docs/a.md": "TO" "DO: later\n"}),
    ("undone", "lab/a.c:2", c("/* FIX" "ME */\n")),
    ("undone", "scripts/run:2", {"scripts/run": "#!/bin/sh\n# XX" "X\n"}),
    (None, None, {"scripts/run": "#!/bin/sh\nmktemp a.XXXXXX\n"}),
    # one machine
    ("machine", "docs/a.md:1", {"docs/a.md": "see /wo" "rk/main\n"}),
    ("machine", "scripts/run:2", {"scripts/run": "#!/bin/sh\ncd /ro" "ot\n"}),
    ("machine", "lab/a.cfg:1", {"lab/a.cfg": 'file = "/ho' 'me/me/a.pcap"\n'}),
    ("machine", "scripts/run:2", {"scripts/run": "#!/bin/sh\ncurl http://deb." "debian.org/x\n"}),
    (None, None, {"docs/a.md": "rx/work, /working, $dir/home and ../root/x are no places\n"}),
    # other
    ("utf-8", "docs/a.md:2", {"docs/a.md": b"one\n\xff\n"}),
    (None, None, {"docs/a.png": b"\0\xff\n", "tests/vectors/a.json": "{} "}),
    (None, None, {"build/a.c": "int x; \n", "results/a.txt": "int x; \n"}),
]
