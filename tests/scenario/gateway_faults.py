"""What breaks around live gateways: links go down and up, ports vanish, the disk of the state file is full.

No gateway ends before it is told to, or does anything but say what happened and count what it drops; where
the fault goes away, traffic goes on.
"""
import socket
import subprocess
import time

import gateway_kit
import kit

PORT = 9999
SO_SNDBUFFORCE = 32
SECONDS = 120  # of a loaded machine, for what is bound to happen
BLOCK = 1 << 20  # numbers that are reserved at once, docs/gateway.md
DISK = "64k"


def until(scenario, what, good):
    deadline = time.monotonic() + SECONDS
    reached = good()
    while not reached and time.monotonic() < deadline:
        time.sleep(0.05)
        reached = good()
    if not scenario.check(reached, f"{what}: not within {SECONDS} s"):
        raise kit.Stop


class Load:
    """Datagrams of a host, a few thousand at once whenever it is asked."""

    def __init__(self, world, here, there):
        self.to = (world.net.host(there), PORT)
        self.socket = gateway_kit.in_net(f"h{here}",
                                         lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 26)

    def send(self, count, size=100):
        for _ in range(count):
            try:
                self.socket.sendto(bytes(size), self.to)
            except OSError:
                pass  # the tap is full


def interface(world, end, name):
    return next(row for row in world.asked(end, "interface")["interfaces"] if row["name"] == name)


def says(world, end, *lines):
    """What the log has, in memory and on stderr."""
    logging = world.show(end, "logging").stdout
    return all(line in logging and line in world.log(end) for line in lines)


def check_link(scenario, world, load):
    """Down and up: told at both ends, and traffic goes on."""
    for state in ("down", "up"):
        gateway_kit.ip("-n", "ga", "link", "set", "wan", state)
        for end in "ab":
            until(scenario, f"link {state} is told by {end}", lambda end=end, state=state: says(
                world, end, f"%LINK-3-UPDOWN: Interface wan, changed state to {state}",
                f"%LINEPROTO-5-UPDOWN: Line protocol on Interface wan, changed state to {state}"))
            scenario.equal(interface(world, end, "wan")["device"]["up"], state == "up",
                           f"show interface of {end}, link {state}")
        load.send(3000)
        for end in "ab":
            world.drops(end)
    until(scenario, "pings after the link came back",
          lambda: world.ping("ha", world.net.host("b")) == 5)


def check_vanished(scenario, world, load):
    """The interface under both gateways is taken away while packets go there, and never comes back."""
    load.send(1000)
    gateway_kit.ip("-n", "ga", "link", "del", "wan")
    for end in "ab":
        until(scenario, f"the interface that has gone is told by {end}",
              lambda end=end: says(world, end, "CTRL: the interface of port wan is gone"))
        scenario.equal(interface(world, end, "wan")["device"]["up"], False, f"show interface of {end}")
    load.send(6000)
    for end in "ab":
        world.drops(end)
    scenario.equal(world.ping("ha", world.net.gateway("a")), 5, "pings of the gateway by its other port")


def last_seq(world):
    return next(sa["last_seq"] for tunnel in world.asked("a", "crypto", "ipsec", "sa")["tunnels"]
                for sa in tunnel["sas"] if sa["direction"] == "out")


def check_full_disk(scenario, world, disk):
    """The SA ends with its reservation, and goes on once there is room."""
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(512))
        except OSError:
            pass
    said = f"{disk}/a.state: cannot be written: No space left on device"
    until(scenario, "the full disk is told", lambda: said in world.log("a"))
    scenario.equal(world.ping("ha", world.net.host("b")), 5, "pings by numbers that are reserved")
    gateway_kit.ip("-n", "ha", "link", "set", "lan", "mtu", "68", "txqueuelen", "20000")
    load = Load(world, "a", "b")
    # each of these datagrams is 1,365 fragments, and each of these a packet for the tunnel
    until(scenario, "the reservation is used up",
          lambda: load.send(16, 65507) or world.drops("a").get("seq_exhausted"))
    scenario.equal(last_seq(world), BLOCK, "the last number of the SA")
    scenario.equal(world.ping("ha", world.net.host("b"), "-s", "8"), 0, "pings without numbers")
    scenario.equal(world.log("a").count(said), 1, "how often the full disk is told")
    filler.unlink()
    until(scenario, "pings once there is room",
          lambda: world.ping("ha", world.net.host("b"), "-s", "8") == 5)
    scenario.check(last_seq(world) > BLOCK, "numbers go on")


def links(scenario, world):
    for end in "ab":
        world.start(end)
    world.ping("ha", world.net.host("b"))
    scenario.equal(world.ping("ha", world.net.host("b")), 5, "pings before anything breaks")
    load = Load(world, "a", "b")
    check_link(scenario, world, load)
    check_vanished(scenario, world, load)
    world.end()


def disks(scenario, world):
    disk = world.folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(disk)], check=True)
    try:
        world.start("a", live={"state": f"{disk}/a.state"})
        world.start("b")
        world.ping("ha", world.net.host("b"))
        check_full_disk(scenario, world, disk)
        world.end()
    finally:
        world.close()
        subprocess.run(["umount", str(disk)], check=False)


def body(scenario, folder):
    for part in (links, disks):
        (folder / part.__name__).mkdir()
        world = gateway_kit.World(scenario, folder / part.__name__, gateway_kit.Net(4))
        try:
            world.wire_up()
            part(scenario, world)
        finally:
            world.close()


gateway_kit.main(body)
