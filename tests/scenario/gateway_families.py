"""Ports with addresses of both families: two live gateways over the same devices carry IPv4 and IPv6 at once,
each in a tunnel of its own or both in one, answer for all of their addresses, and tell whom a packet was too
big for in his own family.  Then a laboratory whose link carries both, as a capture shows.
"""
import re
import shutil
import subprocess

import gateway_kit
from gateway_kit import group, groups

FAMILIES = (4, 6)
FLOOD = 300  # pings of each family
BIG = 1480  # bytes of data, too big for the tunnel and not for the link of a host
SECOND = {"a": "10.11.0.", "b": "10.12.0."}  # another network of IPv4 at the same ports

LAB = """lab = { duration = 0.1; };
hosts = ( { name = "a4"; address = "10.1.0.10"; }, { name = "b4"; address = "10.2.0.10"; },
          { name = "a6"; address = "2001:db8:1::10"; }, { name = "b6"; address = "2001:db8:2::10"; } );
routers = (
  { name = "r1";
    ports = ( { name = "v4"; address = "10.1.0.1/24"; }, { name = "v6"; address = "2001:db8:1::1/64"; },
              { name = "wan"; address = [ "192.0.2.1/30", "2001:db8:f::1/64" ]; } );
    routes = ( { to = "10.2.0.0/24"; via = "192.0.2.2"; },
               { to = "2001:db8:2::/64"; via = "2001:db8:f::2"; } ); },
  { name = "r2";
    ports = ( { name = "v4"; address = "10.2.0.1/24"; }, { name = "v6"; address = "2001:db8:2::1/64"; },
              { name = "wan"; address = [ "2001:db8:f::2/64", "192.0.2.2/30" ]; } );
    routes = ( { to = "10.1.0.0/24"; via = "192.0.2.1"; },
               { to = "2001:db8:1::/64"; via = "2001:db8:f::1"; } ); } );
links = ( { name = "a4"; ends = [ "a4", "r1.v4" ]; rate = "1 Gb/s"; },
          { name = "a6"; ends = [ "a6", "r1.v6" ]; rate = "1 Gb/s"; },
          { name = "b4"; ends = [ "b4", "r2.v4" ]; rate = "1 Gb/s"; },
          { name = "b6"; ends = [ "b6", "r2.v6" ]; rate = "1 Gb/s"; },
          { name = "wan"; ends = [ "r1.wan", "r2.wan" ]; rate = "1 Gb/s"; capture = true; } );
traffic = ( { name = "four"; kind = "cbr"; from = "a4"; to = "b4"; pps = 100; },
            { name = "six"; kind = "cbr"; from = "a6"; to = "b6"; pps = 200; },
            { name = "ping4"; kind = "ping"; from = "a4"; to = "r2.wan"; repeat = 5; },
            { name = "ping6"; kind = "ping"; from = "a6"; to = "r2.wan"; repeat = 5; } );
"""


class Both:
    """Addresses of both families at each port, in place of a gateway_kit.Net; tunnel: the family of the
    tunnel that carries each family."""

    version = 4  # what gateway_kit.World sets up by itself

    def __init__(self, tunnel):
        self.tunnel = tunnel
        self.nets = {version: gateway_kit.Net(version) for version in FAMILIES}
        self.lan_len = self.nets[4].lan_len

    def gateway(self, end):
        return self.nets[4].gateway(end)

    def host(self, end):
        return self.nets[4].host(end)

    def sas(self, end):
        found = []
        for version in set(self.tunnel.values()):
            for sa in self.nets[version].sas(end):
                found.append(sa.replace('name = "', f'name = "v{version}-', 1)
                             .replace(f"spi = {0x1001}", f"spi = {0x1000 + version}")
                             .replace(f"spi = {0x2001}", f"spi = {0x2000 + version}"))
        return found

    def policies(self, end):
        found = []
        for version, tunnel in self.tunnel.items():
            for policy in self.nets[version].policies(end):
                name = re.search(r'sa = "(.*?)"', policy)[1]
                found.append(policy.replace(f'name = "{name}', f'name = "p{version}-{name}', 1)
                             .replace(f'sa = "{name}', f'sa = "v{tunnel}-{name}', 1))
        return found

    def addresses(self, end):
        four, six = self.nets[4], self.nets[6]
        lan = [f"{four.gateway(end)}/{four.lan_len}", f"{SECOND[end]}1/24",
               f"{six.gateway(end)}/{six.lan_len}"]
        wan = [f"{six.wan[end]}/{six.wan_len}", f"{four.wan[end]}/{four.wan_len}"]  # the other way round
        return lan, wan

    def config(self, end, folder):
        far = "b" if end == "a" else "a"
        lan, wan = (", ".join(f'"{one}"' for one in some) for some in self.addresses(end))
        routes = [group(to=net.network(far), via=net.wan[far]) for net in self.nets.values()]
        near = group(name="near", action="bypass", dst=f"{SECOND[end]}0/24")
        return f"""live = {group(control=f"{folder}/{end}.sock")};
gateways = ({{ name = "site-{end}";
  ports = ( {{ name = "lan"; address = [ {lan} ]; device = "net_tap0,iface=lan"; }},
            {{ name = "wan"; address = ( {wan} ); device = "net_af_packet0,iface=wan"; }} );
  routes = {groups(routes)};
  sas = {groups(self.sas(end))};
  policies = {groups([*self.policies(end), near])}; }});
"""


def start(world, end):
    """The gateway and its host, which World gives IPv4: the other addresses."""
    host, six = "h" + end, world.net.nets[6]
    world.start(end)
    gateway_kit.ip("-n", host, "addr", "add", f"{SECOND[end]}10/24", "dev", "lan")
    gateway_kit.ip("-n", host, "addr", "add", f"{six.host(end)}/{six.lan_len}", "dev", "lan", "nodad")
    gateway_kit.ip("-n", host, "-6", "route", "add", "default", "via", six.gateway(end))


def check_pings(scenario, world, what):
    for version, net in world.net.nets.items():
        world.ping("ha", net.host("b"))  # the first questions for MACs
        scenario.equal(world.ping("ha", net.host("b")), 5, f"{what}, IPv{version}: pings from host to host")
        scenario.equal(world.ping("ha", net.gateway("a")), 5, f"{what}, IPv{version}: pings of the gateway")
        scenario.equal(world.ping("ha", net.gateway("b")), 5, f"{what}, IPv{version}: pings of the far one")
    scenario.equal(world.ping("ha", SECOND["a"] + "1"), 5, f"{what}: pings of the second IPv4 address")


def check_too_big(scenario, world, what):
    """Who sends too much is told by the address of the port in his own family."""
    for version, net in world.net.nets.items():
        done = world.run("ha", "ping", "-c", "2", "-i", "0.2", "-W", "2", "-M", "do", "-s",
                         str(BIG - (28 if version == 4 else 48)), net.host("b"))
        scenario.check(re.search(rf"From {re.escape(net.gateway('a'))}\b.*(mtu|too big)", done.stdout),
                       f"{what}, IPv{version}: too big for the tunnel: {done.stdout}{done.stderr}")


def check_at_once(scenario, world, what):
    """Both families under way together, by floods of pings."""
    flows = [world.spawn("ha", "ping", "-i", "0.005", "-c", str(FLOOD + 100), "-s", "1000", net.host("b"))
             for net in world.net.nets.values()]
    for flow, version in zip(flows, world.net.nets):
        text = flow.communicate(timeout=60)[0].decode()
        scenario.equal(gateway_kit.answered(text, FLOOD), FLOOD, f"{what}, IPv{version} beside the other")


def check_show(scenario, world):
    lan, wan = world.net.addresses("a")
    done = world.show("a", "interface")
    for text in (f"  Internet address is {lan[0]}\n  Secondary address {lan[1]}\n"
                 f"  Internet address is {lan[2]}\n",
                 f"  Internet address is {wan[0]}\n  Internet address is {wan[1]}\n"):
        scenario.check(text in done.stdout, f"show interface: {text!r} is not in {done.stdout}")
    rows = world.asked("a", "interface")["interfaces"]
    scenario.equal([f"{row['address']}/{row['prefix_length']}" for row in rows[0]["addresses"]], lan,
                   "show interface as JSON")


def check_live(scenario, folder):
    """A tunnel for each family; both in one of IPv6; each in one of the other family."""
    for what, tunnel in (("a tunnel each", {4: 4, 6: 6}), ("one IPv6 tunnel", {4: 6, 6: 6}),
                         ("crosswise", {4: 6, 6: 4})):
        world = gateway_kit.World(scenario, folder, Both(tunnel))
        try:
            world.wire_up()
            start(world, "a")
            start(world, "b")
            check_pings(scenario, world, what)
            check_too_big(scenario, world, what)
            check_at_once(scenario, world, what)
            check_show(scenario, world)
            world.end()
        finally:
            world.close()
        for state in folder.glob("*.state"):
            state.unlink()


def check_lab(scenario, folder):
    config, results = folder / "both.cfg", folder / "results"
    config.write_text(LAB, encoding="utf-8")
    done = scenario.esplab("run", config, "--out", results)
    if not scenario.equal(done.returncode, 0, f"a laboratory of both families: {done.stderr}"):
        return
    if not shutil.which("tshark"):
        return
    for family, packets in (("ip", 10 + 2 * 5), ("ipv6", 20 + 2 * 5)):
        done = subprocess.run(["tshark", "-r", str(results / "wan.pcapng"), "-Y", family, "-T", "fields",
                               "-e", f"{family}.src"], capture_output=True, text=True, check=False)
        scenario.equal(len(done.stdout.split()), packets, f"{family} on the link, by tshark: {done.stderr}")


def body(scenario, folder):
    check_lab(scenario, folder)
    check_live(scenario, folder)


gateway_kit.main(body)
