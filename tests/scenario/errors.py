"""What a user does wrong: the message says where and what is allowed, the exit status is 2, nothing is run.

What the machine does wrong (no folder, a full disk) ends with status 1 and the name of the file.
"""
import kit

LAB = "qos-reorder.cfg"
BAD_INPUT, FAULT = 2, 1
DATA = "gateways.gwa.ports.wan.qos.classes.data"

# What is replaced in the file, by what, and what the message says besides file and line.  The line is that of
# the first changed one, or where it is gone, the one given.
EDITS = [
    ("shape = ", "shpae = ", ["gateways.gwa.ports.wan.qos.shpae", "unknown key", "allowed: kind, shape,",
                              'did you mean "shape"?']),
    ("queue_limit = 512", 'queue_limit = "512"', [f"{DATA}.queue_limit", "wrong type", "a whole number"]),
    ("queue_limit = 512", "queue_limit = 0", [f"{DATA}.queue_limit", "out of range", "1..4294967295"]),
    ("8 Mb/s", "8 Mbps", ["gateways.gwa.ports.wan.qos.shape", '"8 Mbps"', "Mb/s"]),
    ('"aim"', '"iam"', ["gateways.gwb.platform", '"iam"', "ios, aim, vam", 'did you mean "aim"?']),
    ("192.0.2.2/30", "192.0.2.300/30", ["gateways.gwb.ports.wan.address", "192.0.2.300", "not a prefix"]),
    ('via = "192.0.2.2"', 'via = "192.0.2.9"', ["gateways.gwa.routes.0.via", "192.0.2.9"]),
    ('"10.1.0.10"', '"10.9.0.10"', ["hosts.a.address", "10.9.0.10", "10.1.0.1/16"]),
    ('"esp-aes 128 esp-sha-hmac"', '"esp-rot13"', ["gateways.gwa.sas.a-b.transform", '"esp-rot13"',
                                                   "esp-gcm 128"]),
    ("spi = 0x1001", "spi = 17", ["gateways.gwa.sas.a-b.spi", "17"]),
    ('from = "a"', 'from = "c"', ["traffic.voice.from", '"c"', "the name of a host"]),
    ('duration = "60 s"', "duration = 60 s", ["syntax error"]),
]
# A variant, a list and a value of the command line are named instead of a line.
SETS = [
    ("gateways.gwb.sas.a-b.windw=1024", ["unknown key", "allowed: name,", 'did you mean "window"?']),
    ("gateways.gwx.sas.a-b.window=1024", ['"gwx"', 'did you mean "gwa"?']),
    ("gateways.gwb.sas.a-b.window=5000000", ["out of range", "0..4194304"]),
    ("lab.duration=soon", ['"soon"', "a time"]),
    ("lab.duration=-1", ["out of range"]),
    ("lab.seed=one", ['"one"', "a whole number"]),
    ("traffic.data=3", ['"data"']),
    ("nosuch.key=1", ["unknown key", "allowed: lab, engines, hosts, gateways"]),
]
# arguments after `run`, and what the message says
USES = [
    ([], ["usage"]),
    (["LAB", "LAB"], ["usage"]),
    (["LAB", "--bogus"], ["--bogus", "usage"]),
    (["LAB", "--set", "lab.seed"], ["PATH=VALUE", '"lab.seed"']),
    (["LAB", "--set", "=1"], ["PATH=VALUE"]),
    (["LAB", "--seed"], ["usage"]),
    (["LAB", "--seed", "x"], ["lab.seed", '"x"']),
    (["LAB", "--duration", "5 parsecs"], ["lab.duration", "5 parsecs"]),
    (["missing.cfg"], ["missing.cfg: No such file or directory"]),
    (["FOLDER"], ["Is a directory"]),
]


class Errors:
    """Runs that must fail, each into a folder that must not appear."""

    def __init__(self, scenario, folder):
        self.scenario = scenario
        self.folder = folder
        self.text = (scenario.labs / LAB).read_text()

    def fails(self, name, args, status, words):
        scenario = self.scenario
        out = self.folder / "out"
        done = scenario.esplab("run", *args, "--out", out, cwd=self.folder)
        scenario.equal(done.returncode, status, f"{name}: exit status")
        scenario.equal(done.stdout, "", f"{name}: output")
        for word in words:
            scenario.check(word in done.stderr, f"{name}: no {word!r} in {done.stderr.strip()!r}")
        scenario.check(not out.exists(), f"{name}: there is a results folder")
        return done.stderr

    def file(self, text):
        path = self.folder / "bad.cfg"
        path.write_text(text)
        return path

    def check_edit(self, old, new, words):
        before = self.text.partition(old)[0]
        if not self.scenario.check(len(before) < len(self.text), f"{old!r} is not in {LAB}"):
            return
        path = self.file(self.text.replace(old, new, 1))
        where = f"{path.name}:{before.count(chr(10)) + 1}: "
        self.fails(new, [path.name], BAD_INPUT, [where, *words])

    def check_gone(self, gone, where, words):
        """A line that is taken out."""
        lines = self.text.splitlines(keepends=True)
        at = next(number for number, line in enumerate(lines) if gone in line)
        path = self.file("".join(lines[:at] + lines[at + 1:]))
        self.fails(f"without {gone}", [path.name], BAD_INPUT, [where, *words])


def check_files(errors):
    for edit in EDITS:
        errors.check_edit(*edit)
    errors.check_gone('address = "192.0.2.1/30"', "bad.cfg:", ["gateways.gwa.ports.wan.address", "missing"])
    path = errors.file("")
    errors.fails("empty file", [path.name], BAD_INPUT, ["bad.cfg: lab: missing", "hosts: missing"])
    path = errors.file("\0\1\2 = { no text")
    errors.fails("no text", [path.name], BAD_INPUT, ["bad.cfg:1: "])


def check_variants(errors):
    """A bad variant is found before anything runs, whether variants are asked for or not."""
    path = errors.file(errors.text.replace("a-b.window=4096", "a-b.widow=4096"))
    for args in ([path.name], [path.name, "--variants"]):
        words = ['"window 4096"', "gateways.gwb.sas.a-b.widow", "unknown key", 'did you mean "window"?']
        errors.fails("bad variant", args, BAD_INPUT, words)
    path = errors.file(errors.text[:errors.text.index("variants = (")])
    errors.fails("no variants", [path.name, "--variants"], BAD_INPUT, ["bad.cfg: variants"])
    path = errors.file(errors.text.replace('name = "window 4096"', 'name = "window 1024"'))
    errors.fails("variant twice", [path.name, "--variants"], BAD_INPUT, ['"window 1024"', "taken"])


def check_command_line(errors):
    lab = errors.scenario.labs / LAB
    for change, words in SETS:
        errors.fails(change, [lab, "--set", change], BAD_INPUT, [f"--set {change.partition('=')[0]}", *words])
    names = {"LAB": lab, "FOLDER": errors.folder}
    for args, words in USES:
        words = [word if word != "usage" else "esplab run LAB.cfg [options]" for word in words]
        errors.fails(f"run {args}", [names.get(arg, arg) for arg in args], BAD_INPUT, words)
    done = errors.scenario.esplab("frobnicate")
    errors.scenario.equal(done.returncode, BAD_INPUT, "unknown command: exit status")
    errors.scenario.check('"frobnicate"' in done.stderr, f"unknown command: {done.stderr!r}")


def check_machine(errors):
    """Results that cannot be written."""
    scenario, folder = errors.scenario, errors.folder
    lab = [scenario.labs / LAB, "--quiet", "--duration", "100 ms", "--set", "links.wan.capture=true"]
    (folder / "a-file").write_text("mine")
    for out in ("a-file", "a-file/below"):
        done = scenario.esplab("run", *lab, "--out", folder / out)
        scenario.equal(done.returncode, FAULT, f"--out {out}: exit status")
        scenario.check(str(folder / "a-file") in done.stderr and "Not a directory" in done.stderr,
                       f"--out {out}: {done.stderr!r}")
    scenario.equal((folder / "a-file").read_text(), "mine", "the file in the way")
    for name in ("drops.ndjson", "syslog.log", "wan.pcapng", "summary.json", "summary.txt", "timings.json"):
        full = folder / f"full-{name}"
        full.mkdir()
        (full / name).symlink_to("/dev/full")
        done = scenario.esplab("run", *lab, "--out", full)
        scenario.equal(done.returncode, FAULT, f"full disk at {name}: exit status")
        scenario.check(f"{full / name} could not be written completely" in done.stderr,
                       f"full disk at {name}: {done.stderr!r}")


def body(scenario, folder):
    errors = Errors(scenario, folder)
    check_files(errors)
    check_variants(errors)
    check_command_line(errors)
    check_machine(errors)


kit.main(body)
