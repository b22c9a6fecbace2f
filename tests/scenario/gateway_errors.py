"""What a user does wrong with a live gateway, and one that an ordinary user can run: over net_ring, whose
devices hand back what they are given.
"""
import re
import shutil
import signal
import subprocess
import time

import kit

BAD_INPUT = 2
START_SECONDS = 60  # of a loaded machine
KEY = '"5d4c3bd1a0f7f1f9c2ab6b2c6e0d9d3e8f10a2b4"'
PORT = "gateways.site-a.ports.wan"

# What is replaced in site-a.cfg, by what, and what the message says besides the file.
EDITS = [
    ('device = "net_af_packet1,iface=wan"; ', "", [f"{PORT}.device", "missing", "a DPDK device"]),
    ("net_af_packet1,iface=wan", "net_af_packet0,iface=lan", [f"{PORT}.device", "that of port lan"]),
    ('"192.0.2.1/30"', '[ "192.0.2.1/30", "192.0.2.1/30" ]',
     [f"{PORT}.address", "the same port has 192.0.2.1 too"]),
    ('"192.0.2.1/30"', '[ "192.0.2.1/30", "192.0.2.2/24" ]',
     [f"{PORT}.address", "the network of 192.0.2.2 overlaps that of 192.0.2.1", "one address a network"]),
    ('"192.0.2.1/30"', '( "192.0.2.1/30", 7 )', [f"{PORT}.address.1", "wrong type", "192.0.2.1/24"]),
    ('"192.0.2.1/30"', "[]", [f"{PORT}.address", "an empty list"]),
    (KEY, '"auto"', ["gateways.site-a.sas.a-b.key", "laboratories only"]),
    (KEY, '"5d4c"', ["gateways.site-a.sas.a-b.key", "2 bytes"]),
    ('via = "192.0.2.2"', 'via = "198.51.100.1"', ["gateways.site-a.routes.0.via", "198.51.100.1"]),
    ("workers = 1", "workers = 0", ["live.workers", "out of range"]),
    ("workers = 1", 'idle = "nap"', ["live.idle", '"nap"', "poll, sleep"]),
    ("workers = 1", "seed = 1", ["live.seed", "unknown key"]),
    ("live = {", "hosts = (); live = {", ["hosts", "unknown key", "live, engines, gateways"]),
    ("gateways = ({", "gateways = ({}, {", ["gateways", "missing"]),
    ("  routes", '  neighbours = ({ address = "10.9.0.1"; mac = "02:00:00:00:00:01"; });\n  routes',
     ["gateways.site-a.neighbours.0.address", "10.9.0.1 is in no network"]),
    ("  routes", '  neighbours = ({ address = "10.1.0.9"; mac = "03:00:00:00:00:01"; });\n  routes',
     ["gateways.site-a.neighbours.0.mac", "a group"]),
    ("  routes", '  neighbours = ({ address = "10.1.0.9"; mac = "02-00-00-00-00-01"; });\n  routes',
     ["gateways.site-a.neighbours.0.mac", "not an Ethernet address"]),
]


class Gateways:
    def __init__(self, scenario, folder):
        self.scenario = scenario
        self.folder = folder
        self.site = scenario.root / "config" / "gateway" / "site-a.cfg"

    def file(self, text, mode=0o600):
        path = self.folder / "site.cfg"
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def refused(self, args, expected, what):
        done = self.scenario.esplab("gateway", *args)
        self.scenario.equal(done.returncode, BAD_INPUT, f"{what}: exit status; {done.stderr}")
        for words in expected:
            self.scenario.check(words in done.stderr, f"{what}: {words!r} is not in: {done.stderr}")


def check_files(gateways):
    scenario, text = gateways.scenario, gateways.site.read_text(encoding="utf-8")
    for site in ("site-a.cfg", "site-b.cfg"):
        path = gateways.folder / site
        shutil.copy(gateways.site.parent / site, path)
        path.chmod(0o600)
        done = scenario.esplab("gateway", path, "--check")
        scenario.equal((done.returncode, done.stderr), (0, ""), f"{site} as it is")
    for old, new, expected in EDITS:
        scenario.check(old in text, f"{old!r} is in the file")
        path = gateways.file(text.replace(old, new, 1))
        gateways.refused([path, "--check"], [str(path), *expected], f"{new!r} in place of {old!r}")
    for mode in (0o644, 0o620, 0o604):
        path = gateways.file(text, mode)
        gateways.refused([path, "--check"], [str(path), f"{mode:04o}", "chmod 600"], f"mode {mode:o}")
    gateways.refused([], ["SITE.cfg is missing"], "no file")
    gateways.refused([gateways.folder / "none.cfg"], ["No such file"], "a file that is not there")


def check_start(gateways):
    """What only shows when it starts."""
    path = gateways.file(gateways.site.read_text(encoding="utf-8"))
    control = ["--set", "live.control="]
    gateways.refused([path, *control, "--set", "gateways.site-a.ports.lan.device=net_nothing0"],
                     ["port lan", "net_nothing0"], "a driver that is none")
    memif = f"net_memif0,socket={gateways.folder}/memif,socket-abstract=no"
    for bsize, most in (("", 2034), (",bsize=4096", 4082)):
        gateways.refused([path, *control, "--set", f"gateways.site-a.ports.lan.device={memif}{bsize}",
                          "--set", "gateways.site-a.ports.lan.mtu=9000"],
                         ["port lan", "mtu 9000", f"at most {most}, or a larger bsize"], "a memif too small")
    gateways.refused([path, *control, "--set", f"live.state={gateways.folder}/none/state"],
                     [f"{gateways.folder}/none/state", "No such file"], "a state file without a folder")
    state = gateways.folder / "state"
    state.write_text("out 0x1001 192.0.2.1 192.0.2.2 many\n", encoding="utf-8")
    gateways.refused([path, *control, "--set", f"live.state={state}"], [f"{state}:1: ", "NUMBER"],
                     "a state file that is none")
    gateways.refused([path, *control, "--", "--lcores=0@(0)", "--no-huge", "-m256", "--no-pci"],
                     ["EAL has 1 lcores; wanted: 2"], "too few lcores")


def check_run(gateways):
    """Without privileges; at the end the books balance, and the file has what was used."""
    scenario = gateways.scenario
    path = gateways.file(gateways.site.read_text(encoding="utf-8"))
    state, socket = gateways.folder / "run.state", gateways.folder / "run.sock"
    command = [str(scenario.binary), "gateway", str(path), "--set", f"live.control={socket}", "--set",
               f"live.state={state}", "--set", "gateways.site-a.ports.lan.device=net_ring0", "--set",
               "gateways.site-a.ports.wan.device=net_ring1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        deadline = time.monotonic() + START_SECONDS
        while not socket.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        done = scenario.esplab("show", "--socket", socket, "interface")
        scenario.check("net_ring" in done.stdout, f"show interface: {done.stdout}{done.stderr}")
        gateways.refused([path, *command[3:-2], "--set", "gateways.site-a.ports.wan.device=net_ring2"],
                         [str(state), "another gateway has it"], "the state file of a gateway that runs")
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=START_SECONDS)[0]
    scenario.equal(process.returncode, 0, f"exit status: {said}")
    scenario.check(re.search(r"^rx \d+ \+ created \d+ = tx \d+ \+ consumed \d+ \+ held 0", said, re.M),
                   f"totals: {said}")
    rows = state.read_text(encoding="utf-8").splitlines()
    scenario.equal(rows, ["out 0x00001001 192.0.2.1 192.0.2.2 0", "in 0x00002001 192.0.2.2 192.0.2.1 0"],
                   "numbers that were used")


def body(scenario, folder):
    gateways = Gateways(scenario, folder)
    check_files(gateways)
    check_start(gateways)
    check_run(gateways)


kit.main(body)
