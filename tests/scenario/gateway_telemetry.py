"""DPDK's telemetry of a live gateway: /esplab/... on its socket, which must say what `show ... | json` says.

The socket is spoken to directly, and by dpdk-telemetry.py where it is installed.  An ordinary user can run
it, over net_ring.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import kit

START_SECONDS = 60  # of a loaded machine
SAS = 40  # more than an answer can carry
PIECE = 127  # of a text, in DPDK 22.11
RUNS = {"uptime_ns", "calls", "packets_per_call", "cycles_per_packet"}  # goes on between two questions
EXACT = ("drops", "drops,all", "crypto/isakmp/sa", "crypto/ipsec/sa", "crypto/ipsec/sa,a-b",
         "crypto/ipsec/replay", "crypto/engine/connections/active", "crypto/engine/accelerator/statistic",
         "interface", "interface,wan", "ip/mtu", "runtime", "logging", "version", "debug", "monitor/capture")


class Telemetry:
    """A client of the socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(START_SECONDS)
        self.socket.connect(str(path))
        self.info = json.loads(self.socket.recv(1 << 16))

    def raw(self, command):
        self.socket.send(command.encode())
        return self.socket.recv(1 << 16)

    def ask(self, command):
        return json.loads(self.raw(command))[command.split(",")[0]]


def carried(value):
    """What DPDK makes of a value of an answer."""
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).lower()
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, str):
        text = "".join(c if c.isascii() else "?" for c in value)
        return text if len(text) <= PIECE else [text[i:i + PIECE] for i in range(0, len(text), PIECE)]
    if isinstance(value, list) and not all(isinstance(one, (str, int)) for one in value):
        return {str(i): carried(one) for i, one in enumerate(value)}
    if isinstance(value, dict):
        return {"".join(c if c.isalnum() or c == "_" else "_" for c in key): carried(one)
                for key, one in value.items()}
    return value


def still(value):
    """Without what goes on."""
    if isinstance(value, dict):
        return {key: still(one) for key, one in value.items() if key not in RUNS}
    return [still(one) for one in value] if isinstance(value, list) else value


class Gateway:
    def __init__(self, scenario, folder, sas=0):
        self.scenario, self.control = scenario, folder / "control.sock"
        text = (scenario.root / "config/gateway/site-a.cfg").read_text(encoding="utf-8")
        more = "".join(f'{{ name = "more{i}"; direction = "out"; spi = {0x9000 + i}; src = "192.0.2.1"; '
                       f'dst = "192.0.2.2"; transform = "esp-gcm 128"; key = "{i:040x}"; }}, '
                       for i in range(1, sas + 1))
        path = folder / "site.cfg"
        path.write_text(text.replace("sas = (", "sas = (" + more), encoding="utf-8")
        path.chmod(0o600)
        os.environ["RUNTIME_DIRECTORY"] = str(folder)
        with open(folder / "log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                [str(scenario.binary), "gateway", str(path), "--set", f"live.control={self.control}", "--set",
                 "live.telemetry=true", "--set", "gateways.site-a.ports.lan.device=net_ring0", "--set",
                 "gateways.site-a.ports.wan.device=net_ring1"], stdout=log, stderr=log)
        self.log = folder / "log"
        self.socket = folder / "dpdk/rte/dpdk_telemetry.v2"
        deadline = time.monotonic() + START_SECONDS
        while "running" not in self.log.read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
        if not scenario.check(self.socket.exists(), f"no telemetry: {self.log.read_text()}"):
            raise kit.Stop

    def show(self, command):
        """The answer of the console to a command of telemetry."""
        words, _, parameter = command.partition(",")
        words = words.split("/")
        if parameter:
            words += [parameter] if command.startswith("drops") else ["name", parameter]
        done = self.scenario.esplab("show", "--socket", self.control, *words, "--json")
        return json.loads(done.stdout)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.scenario.equal(self.process.wait(START_SECONDS), 0, f"the end: {self.log.read_text()}")
        self.scenario.check(not self.socket.exists(), "the socket is there after the end")

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def check_answers(scenario, gateway):
    client = Telemetry(gateway.socket)
    listed = {command for command in client.ask("/") if command.startswith("/esplab/")}
    scenario.equal(listed, {f"/esplab/{command.partition(',')[0]}" for command in EXACT}, "commands")
    for command in EXACT:
        scenario.equal(still(client.ask(f"/esplab/{command}")), still(carried(gateway.show(command))),
                       command)
    scenario.check(client.ask("/esplab/version")["uptime_ns"] > 0, "uptime")
    scenario.check("drops by reason" in str(client.ask("/help,/esplab/drops")), "help")
    scenario.equal(client.ask("/esplab/interface,nowhere")["error"], 'There is no interface "nowhere"',
                   "an interface that is not there")
    scenario.check("allowed: all" in client.ask("/esplab/drops,some")["error"], "a word that is none")
    scenario.equal(client.ask("/esplab/reload"), None, "what is no command")


def check_tool(scenario, gateway):
    tool = shutil.which("dpdk-telemetry.py")
    if tool:
        done = subprocess.run([tool], input="/esplab/version\n", capture_output=True, text=True, check=False)
        scenario.equal(json.loads(done.stdout)["/esplab/version"]["name"], "site-a",
                       f"dpdk-telemetry.py: {done.stdout}{done.stderr}")


def check_end(scenario, gateway):
    """One asks and asks while the gateway ends; another has gone without waiting for its answer."""
    gone = Telemetry(gateway.socket)
    gone.socket.send(b"/esplab/crypto/ipsec/sa")
    gone.socket.close()
    client, answers = Telemetry(gateway.socket), []

    def ask():
        try:
            while answer := client.raw("/esplab/drops"):
                answers.append(answer)
        except OSError:
            pass

    thread = threading.Thread(target=ask)
    thread.start()
    while len(answers) < 5 and thread.is_alive():
        time.sleep(0.01)
    gateway.end()
    thread.join()
    scenario.check(len(answers) >= 5 and b'"balance"' in answers[0], f"answers until the end: {answers[:1]}")


def check_long(scenario, gateway):
    """An answer that DPDK would cut is refused; one SA of it is not."""
    client = Telemetry(gateway.socket)
    scenario.check("too long" in client.ask("/esplab/crypto/ipsec/sa")["error"], "too many SAs")
    found = client.ask("/esplab/crypto/ipsec/sa,more7")
    scenario.equal(found["tunnels"]["0"]["sas"]["0"]["name"], "more7", "one of many SAs")
    gateway.end()


def body(scenario, folder):
    for part, sas in (((check_answers, check_tool, check_end), 0), ((check_long,), SAS)):
        gateway = Gateway(scenario, folder, sas)
        try:
            for check in part:
                check(scenario, gateway)
        finally:
            gateway.close()


kit.main(body)
