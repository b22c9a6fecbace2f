"""The programs on a control socket: one-shot commands and the console, with and without a terminal."""
import json
import os
import pty
import select
import subprocess
import time

import kit


class Gateway:
    """tests/ctrl_serve: a gateway of the unit tests that listens."""

    def __init__(self, scenario, path):
        serve = scenario.more[0] if scenario.more else scenario.binary.parent / "tests" / "ctrl_serve"
        self.process = subprocess.Popen([str(serve), str(path)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.strip() == "ready":
                break

    def end(self):
        self.process.communicate("", timeout=kit.RUN_SECONDS)
        return self.process.returncode


def check_one_shot(scenario, path):
    done = scenario.esplab("show", "cry", "ips", "sa", "--socket", path)
    scenario.equal((done.returncode, done.stderr), (0, ""), "show: exit status")
    scenario.check("#pkts encaps: 10, #pkts encrypt: 10, #pkts digest 10\n" in done.stdout, done.stdout)
    done = scenario.esplab("show", "drops", "--json", "--socket", path)
    scenario.equal(json.loads(done.stdout)["balance"]["rx"], 10, "show drops --json")
    for args, code, text in (
            (("show", "d"), 2, "% Ambiguous command \"show d\": drops, debug\n"),
            (("show", "crypto", "ipsec", "sa", "name", "x y"), 1, "% There is no SA \"x y\"\n")):
        done = scenario.esplab(*args, "--socket", path)
        scenario.equal((done.returncode, done.stderr, done.stdout), (code, text, ""), str(args))
    done = scenario.esplab("show", "crypto", "ipsec", "?")
    scenario.check("replay" in done.stdout and done.returncode == 0, f"show ... ?: {done.stdout}")


def check_no_gateway(scenario, folder):
    for args in (("show", "drops"), ("console",)):
        done = scenario.esplab(*args, "--socket", folder / "nobody.sock")
        scenario.equal(done.returncode, 1, f"{args} without a gateway: exit status")
        scenario.check("does a gateway run" in done.stderr, done.stderr)


def check_lines(scenario, folder, path):
    script = folder / "lines"
    script.write_text("show version\n\nshow interface name lan\nquit\nshow nothing\n", encoding="utf-8")
    with open(script, encoding="utf-8") as lines:
        done = scenario.esplab("console", "--socket", path, stdin=lines)
    scenario.equal(done.returncode, 0, f"console without a terminal: {done.stderr}")
    scenario.check("2 SAs, engine ipsec_mb\nlan is up" in done.stdout, done.stdout)
    scenario.check("Invalid" not in done.stdout, "went on behind quit")
    script.write_text("show nothing\nshow version\n", encoding="utf-8")
    with open(script, encoding="utf-8") as lines:
        done = scenario.esplab("console", "--socket", path, stdin=lines)
    scenario.equal(done.returncode, 2, "a bad line in a script: exit status")
    scenario.check("Invalid input" in done.stdout and "engine ipsec_mb" in done.stdout, done.stdout)


class Terminal:
    def __init__(self, scenario, path):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.environ["TERM"] = "vt100"
            # libedit never frees the names of keys' functions; all else is checked without a terminal
            os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
            os.execv(scenario.binary, ["esplab", "console", "--socket", str(path)])

    def until(self, text):
        """What it prints, up to some text; the text does not come: what came."""
        got, end = b"", time.monotonic() + 30
        while text not in got and time.monotonic() < end:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    got += os.read(self.fd, 65536)
                except OSError:
                    break
        return got

    def type(self, keys, text):
        os.write(self.fd, keys)
        return self.until(text)


def check_terminal(scenario, path):
    terminal = Terminal(scenario, path)
    scenario.check(b"gw# " in terminal.until(b"gw# "), "prompt")
    for keys, text in (
            (b"sh cr\t", b"ypto "),  # completes
            (b"i?", b"security associations and their windows"),  # ? at once, the line stays
            (b"p\tsa\n", b"outbound pcp sas:"),
            (b"sh debug\n", b"No debugging is on"),
            (b"\x10\n", b"No debugging is on"),  # the line before
            (b"no such\n", b"Invalid input")):
        got = terminal.type(keys, text)
        scenario.check(text in got, f"{keys}: {got}")
    os.write(terminal.fd, b"exit\n")
    terminal.until(b"never")
    scenario.equal(os.waitpid(terminal.pid, 0)[1], 0, "exit status of the console")
    os.close(terminal.fd)


def body(scenario, folder):
    path = folder / "gateway.sock"
    gateway = Gateway(scenario, path)
    check_one_shot(scenario, path)
    check_no_gateway(scenario, folder)
    check_lines(scenario, folder, path)
    check_terminal(scenario, path)
    scenario.equal(gateway.end(), 0, "exit status of the gateway")
    scenario.check(not path.exists(), "the socket is left behind")


if __name__ == "__main__":
    kit.main(body)
