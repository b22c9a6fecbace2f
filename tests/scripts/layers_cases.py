"""Violations of the layers, planted one by one by `scripts/check_layers --self-test`.

A row: rule (None: nothing may be found), "path:line" of the finding, the files of the little tree.
"""


def includes(path, *names):
    return {path: "".join(f'#include "{name}"\n' for name in names)}


def calls(path, statement):
    return {path: f"void\nf(void)\n{{\n\t{statement};\n}}\n"}


EMPTY = ""
SOURCES = [
    # direction: upwards, sideways, into config, into tests; and what is allowed
    ("direction", "base/a.c:2", includes("base/a.c", "base/a.h", "crypto/alg.h")),
    ("direction", "base/a.h:1", includes("base/a.h", "config/cfg.h")),
    ("direction", "config/a.c:1", includes("config/a.c", "crypto/alg.h")),
    ("direction", "crypto/a.c:1", includes("crypto/a.c", "dataplane/drop.h")),
    ("direction", "crypto/a.c:1", includes("crypto/a.c", "config/load.h")),
    ("direction", "dataplane/a.c:1", includes("dataplane/a.c", "lab/wire.h")),
    ("direction", "dataplane/a.def:1", includes("dataplane/a.def", "ctrl/sadb.h")),
    ("direction", "lab/a.c:1", includes("lab/a.c", "ctrl/sadb.h")),
    ("direction", "ctrl/a.c:1", includes("ctrl/a.c", "lab/wire.h")),
    ("direction", "live/a.c:1", includes("live/a.c", "lab/wire.h")),
    ("direction", "live/a.c:1", includes("live/a.c", "ctrl/sadb.h")),
    ("direction", "capture/a.c:1", includes("capture/a.c", "lab/lab.h")),
    ("direction", "lab/a.c:1", includes("lab/a.c", "capture/decrypt.h")),
    ("direction", "lab/a.c:1", includes("lab/a.c", "tests/fake.h")),
    ("direction", "lab/a.c:1", includes("lab/a.c", "lab/b.c")),
    ("direction", "extra/a.c:1", {"extra/a.c": EMPTY}),
    (None, None, includes("crypto/a.c", "base/rng.h", "config/cfg.h", "config/words.h")),
    (None, None, includes("lab/a.c", "dataplane/dp.h", "crypto/alg.h", "config/cfg.h")),
    (None, None, includes("capture/a.c", "dataplane/ipsec/ipsec.h", "config/cfg.h")),
    (None, None, includes("ctrl/a.c", "live/live.h")),
    (None, None, includes("app/main.c", "config/load.h", "lab/lab.h", "ctrl/sadb.h")),
    (None, None, includes("tests/lab/test_a.c", "lab/lab.h", "tests/fake.h", "tests/suites.def")),
    (None, None, {"base/a.c": '/* #include "lab/lab.h" */\n// #include "lab/lab.h"\n'}),
    # rooted
    ("rooted", "lab/a.c:1", includes("lab/a.c", "../base/rng.h")),
    ("rooted", "lab/a.c:1", includes("lab/a.c", "wire.h")),
    ("rooted", "lab/a.c:1", {"lab/a.c": "#include <base/rng.h>\n", "base/rng.h": EMPTY}),
    # stages
    ("stage", "dataplane/stage/rx.c:2", {
        **includes("dataplane/stage/rx.c", "dataplane/stage/rx.h", "dataplane/stage/tx.h"),
        "dataplane/stage/rx.h": EMPTY, "dataplane/stage/tx.h": EMPTY, "dataplane/stage/tx.c": EMPTY}),
    (None, None, {
        **includes("dataplane/stage/rx.c", "dataplane/stage/rx.h", "dataplane/stage/common.h"),
        "dataplane/stage/rx.h": EMPTY, "dataplane/stage/common.h": EMPTY}),
    # no EAL: at once, through a header of ours, by name
    ("no-eal", "dataplane/qos/a.c:1", {"dataplane/qos/a.c": "#include <rte_ring.h>\n"}),
    ("no-eal", "dataplane/ipsec/a.c:1", {
        **includes("dataplane/ipsec/a.c", "dataplane/one.h"),
        **includes("dataplane/one.h", "dataplane/two.h"),
        "dataplane/two.h": "#include <rte_mbuf.h>\n"}),
    ("no-eal", "dataplane/replay/a.h:1", {"dataplane/replay/a.h": "struct rte_mbuf;\n"}),
    ("no-eal", "dataplane/frag/a.c:4", calls("dataplane/frag/a.c", "rte_free(0)")),
    (None, None, {"dataplane/worker.h": "#include <rte_mbuf.h>\n"}),
    # libconfig
    ("libconfig", "lab/a.c:1", {"lab/a.c": "#include <libconfig.h>\n"}),
    ("libconfig", "lab/a.c:1", {
        **includes("lab/a.c", "config/cfg.h"), "config/cfg.h": "#include <libconfig.h>\n"}),
    (None, None, {"config/load.c": "#include <libconfig.h>\n"}),
    # calls
    ("clock", "dataplane/a.c:4", calls("dataplane/a.c", "clock_gettime(0, 0)")),
    ("clock", "dataplane/a.c:4", calls("dataplane/a.c", "x = rte_rdtsc ()")),
    ("clock", "dataplane/a.c:4", calls("dataplane/a.c", "x = rte_get_tsc_cycles()")),
    ("clock", "lab/a.c:4", calls("lab/a.c", "x = time(NULL)")),
    ("clock", "lab/a.c:4", calls("lab/a.c", "usleep(3)")),
    ("clock", "dataplane/port/a.c:4", calls("dataplane/port/a.c", "x = __rdtsc()")),
    (None, None, calls("lab/a.c", "x = time_of_bytes(1, 2) + p->time(1) + w->cycles()")),
    (None, None, calls("lab/a.c", 'say("time(0)") /* rand() */')),
    (None, None, calls("app/main.c", "clock_gettime(0, 0)")),
    ("random", "lab/a.c:4", calls("lab/a.c", "x = rand()")),
    ("random", "base/a.c:4", calls("base/a.c", "x = rte_rand()")),
    ("random", "app/main.c:4", calls("app/main.c", "getrandom(p, 1, 0)")),
    (None, None, calls("base/rng.c", "getrandom(p, 1, 0)")),
    (None, None, calls("lab/a.c", "x = wire_random(rng)")),
    ("eal", "dataplane/a.c:4", calls("dataplane/a.c", "rte_eal_init(0, 0)")),
    ("eal", "crypto/a.c:4", calls("crypto/a.c", "rte_eal_cleanup()")),
    (None, None, calls("dataplane/pool.c", "rte_eal_init(0, 0)")),
    (None, None, calls("dataplane/port/eth.c", "rte_eal_init(0, 0)")),
    ("exit", "lab/a.c:4", calls("lab/a.c", "exit(1)")),
    ("exit", "dataplane/a.c:4", calls("dataplane/a.c", "rte_panic(0)")),
    ("print", "lab/a.c:4", calls("lab/a.c", 'printf("x")')),
    (None, None, calls("lab/a.c", "fprintf(out, s); snprintf(s, 1, s); worker_exit(w)")),
    ("libm", "lab/a.c:4", calls("lab/a.c", "x = exp(y)")),
    ("libm", "lab/a.c:4", calls("lab/a.c", "x = powf(y, z)")),
    (None, None, calls("lab/a.c", "x = rng_log(y) + sqrt(z) + fabs(x)")),
    (None, None, calls("tests/lab/test_a.c", "printf(0); x = exp(y); srand(1)")),
]

# Compiled by the self-test; files with "skip" in their name are not, as if meson.build had forgotten them.
COMPILED = [
    ("globals", "lab/a.c:1", {"lab/a.c": "int shared = 3;\n"}),
    ("globals", "lab/a.c:2", {"lab/a.c": "\nint counter;\n"}),
    ("globals", "lab/a.c:3", {"lab/a.c": "int\nf(void)\n{ static int calls; return calls++; }\n"}),
    ("globals", "lab/a.c:1", {"lab/a.c": 'const char *names[] = {"a"};\n'}),
    ("globals", "base/a.c:1", {"base/a.c": "_Thread_local int errors;\n"}),
    (None, None, {"lab/a.c": 'const char *const names[] = {"a"};\nconst int t[] = {1};\nint x(void);\n'}),
    (None, None, {"tests/lab/test_a.c": "int calls;\n", "lab/a.c": "int f(void);\n"}),
    ("compiled", "lab/skip.c:1", {"lab/a.c": "int f(void);\n", "lab/skip.c": "int f(void);\n"}),
]
