"""What scenarios with network namespaces share: the test runs itself again in namespaces of its own, so that
it touches nothing of the machine, and skips where that is not allowed.
"""
import os
import shutil
import signal
import subprocess
import sys

import kit

OUTSIDE = "ESPLAB_OUTSIDE"  # the network namespace that must not be touched


def enter(tools, missing):
    missing = [tool for tool in tools if not shutil.which(tool)] + missing
    if os.geteuid() != 0:
        kit.skip("not root")
    if missing:
        kit.skip(f"not there: {', '.join(missing)}")
    into = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    probe = subprocess.run([*into, "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        kit.skip(f"no namespaces: {probe.stderr.strip()}")
    os.environ[OUTSIDE] = os.readlink("/proc/self/ns/net")
    os.execvp("unshare", [*into, sys.executable, *sys.argv])


def settle(probes):
    if os.readlink("/proc/self/ns/net") == os.environ[OUTSIDE] or os.getpid() != 1:
        sys.exit(f"{OUTSIDE} is for the test itself to set")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for command in ("mount -t tmpfs tmpfs /run", *probes):
        done = subprocess.run(command.split(), capture_output=True, text=True, check=False)
        if done.returncode:
            kit.skip(f"{command}: {done.stderr.strip()}")


def begin(tools, probes, missing=()):
    """Returns in the namespaces, with a /run of its own.  tools: programs that must be there; missing: what
    else was looked for in vain; probes: commands without which there is nothing to test.
    """
    if OUTSIDE not in os.environ:
        enter(tools, list(missing))
    settle(probes)
