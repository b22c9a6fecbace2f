"""Laboratories of tests/scenario/modes.py: two hosts behind two gateways, SAs both ways, made from
a template.

    a ---- lan gwa wan ======== wan gwb lan ---- b

A Case says what is between the gateways; Case.text() is the configuration.  Sources send every size of 16
in a row, so that every residue of a cipher's block is met, as UDP, TCP, ICMP and voice, both ways.
"""
import dataclasses
import itertools

NETS = {4: ("10.1.0.", "10.2.0.", "/16"), 6: ("2001:db8:1::", "2001:db8:2::", "/64")}
TO = {4: ("10.1.0.0/16", "10.2.0.0/16"), 6: ("2001:db8:1::/64", "2001:db8:2::/64")}
WAN = {4: ("192.0.2.1", "192.0.2.2"), 6: ("2001:db8:ff::1", "2001:db8:ff::2")}
WAN_BITS = {4: "/30", 6: "/64"}
DIRECTION = ("out", "in")
ICMP = {4: "icmp", 6: "icmp6"}
SIZES = (100, 700)  # first of 16 in a row
ESN_FIRST = 2**32 - 40  # the upper half of the number changes on the way
NEXT = ",\n        "
TUNNELS = ["esp-gcm 256", "esp-aes 128 esp-sha256-hmac", "esp-chacha20-poly1305",
           "esp-aes-ctr 192 esp-sha384-hmac"]
AHS = ["ah-sha256-hmac", "ah-aes-xcbc-mac"]
BUNDLE = "esp-aes 256 esp-sha-hmac"
TRANSPORTS = ["esp-gcm 128", "esp-aes 256 esp-sha512-hmac", "esp-null esp-sha256-hmac"]


def is_ah(transform):
    return transform.startswith("ah-")


def is_aead(transform):
    return "-hmac" not in transform and not is_ah(transform)


@dataclasses.dataclass
class Case:
    """What is asked for.  over: transform of an ESP inside of an AH.  changes: more keys of each SA."""
    transform: str
    inner: int = 4
    outer: int = 4
    natt: bool = False
    esn: bool = False
    transport: bool = False
    over: str = ""
    tfc: int = 0
    align4: bool = True
    in_order: bool = False
    sequence: str = "before-queue"
    platform: str = "ios"
    engine: str = "ipsec_mb"
    engines: str = ""
    spi: int = 0x1000
    keys: str = ""

    def __str__(self):
        words = [self.transform + (f" over {self.over}" if self.over else ""),
                 "transport" if self.transport else f"IPv{self.inner} in IPv{self.outer}"]
        words += [word for word in ("natt", "esn", "tfc", "in_order") if getattr(self, word)]
        words += [f"{self.spi:#x}"] + ([] if self.align4 else ["align8"])
        words += [] if self.sequence == "before-queue" else [self.sequence]
        return ", ".join(words + ([] if self.engine == "ipsec_mb" else [self.engine]))

    def sa_names(self):
        """The SAs of the one direction and of the other; the outermost first."""
        return [[f"{name}-ah", name] if self.over else [name] for name in ("a-b", "b-a")]

    def ends(self):
        return [NETS[self.inner][i] + "10" for i in (0, 1)] if self.transport else WAN[self.outer]

    def spi_of(self, name):
        return self.spi + (name.startswith("b")) + 2 * name.endswith("ah")

    def sa(self, name, transform, out):
        """Text of one SA in one gateway."""
        src, dst = self.ends() if name.startswith("a") else reversed(self.ends())
        bundled = bool(self.over) and is_ah(transform)
        lines = [f'name = "{name}"', f'direction = "{DIRECTION[not out]}"', f"spi = {self.spi_of(name)}",
                 f'src = "{src}"', f'dst = "{dst}"', f'transform = "{transform}"']
        lines += ['auth_key = "auto"'] if not is_aead(transform) else []
        lines += ['key = "auto"'] if not is_ah(transform) and "esp-null" not in transform else []
        lines += ['mode = "transport"'] if self.transport else []
        lines += ["natt = true"] if self.natt else []
        lines += ["esn = true", f"first_seq = {ESN_FIRST}L"] if self.esn else []
        lines += [f"tfc = {self.tfc}"] if self.tfc and out else []
        lines += ["align4 = false"] if not self.align4 else []
        lines += ["in_order = true"] if self.in_order else []
        lines += [f'over = "{name[:-3]}"'] if bundled else []
        return "{ " + "; ".join(lines + [self.keys] if self.keys else lines) + "; }"

    def gateway(self, mine, place):
        """Text of gwa (0) or gwb (1)."""
        sas, policies, length = [], [], "/32" if self.inner == 4 else "/128"
        for i, names in enumerate(self.sa_names()):
            for name in names:
                sas.append(self.sa(name, self.over if self.over and not name.endswith("ah") else
                                   self.transform, i == mine))
            ends = [NETS[self.inner][k] + "10" + length for k in ((0, 1) if i == 0 else (1, 0))]
            policies.append(f'{{ name = "p{i}"; action = "protect"; direction = "{DIRECTION[i != mine]}"; '
                            f'sa = "{names[0]}"; src = "{ends[0]}"; dst = "{ends[1]}"; }}')
        net, bits, wan = NETS[self.inner][mine], NETS[self.inner][2], WAN[self.outer]
        route = (f'routes = ( {{ to = "{TO[self.inner][1 - mine]}"; via = "{wan[1 - mine]}"; }} );'
                 if self.inner == self.outer else "")
        return (f'{{ name = "{place}"; platform = "{self.platform}"; sequence = "{self.sequence}";\n'
                f'    engine = "{self.engine}"; {route}\n'
                f'    ports = ( {{ name = "lan"; address = "{net}1{bits}"; }},\n'
                f'        {{ name = "wan"; address = "{wan[mine]}{WAN_BITS[self.outer]}"; }} );\n'
                f'    sas = ( {NEXT.join(sas)} );\n    policies = ( {NEXT.join(policies)} ); }}')

    def text(self, sources=None):
        hosts = [f'{{ name = "{"ab"[i]}"; address = "{NETS[self.inner][i]}10"; }}' for i in (0, 1)]
        gateways = ",\n".join(self.gateway(i, ("gwa", "gwb")[i]) for i in (0, 1))
        mix = ", ".join(f"{{ bytes = {first + i}; weight = 1; }}" for first in SIZES for i in range(16))
        return f'''lab = {{ title = "{self}"; duration = "64 ms"; mbufs = 4096; reorder_depth = 64; }};
{f"engines = ( {self.engines} );" if self.engines else ""}
hosts = ( {", ".join(hosts)} );
gateways = (
{gateways}
);
links = (
    {{ name = "lan-a"; ends = [ "a", "gwa.lan" ]; rate = "1 Gb/s"; delay = "5 us"; capture = true; }},
    {{ name = "wan"; ends = [ "gwa.wan", "gwb.wan" ]; rate = "100 Mb/s"; delay = "2 ms"; capture = true; }},
    {{ name = "lan-b"; ends = [ "b", "gwb.lan" ]; rate = "1 Gb/s"; delay = "5 us"; capture = true; }}
);
traffic = (
    {{ name = "udp"; kind = "imix"; from = "a"; to = "b"; pps = 1000; mix = ( {mix} ); }},
    {{ name = "tcp"; kind = "imix"; from = "b"; to = "a"; pps = 1000; proto = "tcp"; mix = ( {mix} ); }},
    {{ name = "icmp"; kind = "cbr"; from = "a"; to = "b"; pps = 200; proto = "{ICMP[self.inner]}";
        size = 84; }},
    {{ name = "voice"; kind = "voice"; codec = "g711"; calls = 2; from = "b"; to = "a"; dscp = "ef"; }}
);
'''


def cases():
    """All sensible combinations."""
    every = itertools.product((4, 6), (4, 6), (False, True), (False, True), TUNNELS)
    yield from (Case(t, inner=i, outer=o, natt=n, esn=e) for i, o, n, e, t in every)
    for inner, outer, esn, ah in itertools.product((4, 6), (4, 6), (False, True), AHS):
        yield Case(ah, inner=inner, outer=outer, esn=esn)
        yield Case(ah, inner=inner, outer=outer, esn=esn, over=BUNDLE)
    for family, natt, transform in itertools.product((4, 6), (False, True), TRANSPORTS):
        yield Case(transform, inner=family, outer=family, natt=natt, transport=True)
        yield Case(transform, inner=family, outer=family, natt=natt, transport=True, esn=True)
    for family in (4, 6):
        yield Case(AHS[0], inner=family, outer=family, transport=True)
        yield Case(AHS[0], inner=family, outer=family, transport=True, esn=True, align4=False)
        yield Case(AHS[0], inner=family, outer=family, transport=True, over=BUNDLE)
        for sequence in ("after-queue", "before-queue"):
            yield Case(AHS[0], inner=family, outer=10 - family, over=BUNDLE, sequence=sequence, in_order=True)
            yield Case(TUNNELS[0], inner=family, outer=family, sequence=sequence, in_order=True, esn=True)
        yield Case(TUNNELS[0], inner=family, outer=10 - family, tfc=600)
        yield Case(TUNNELS[1], inner=family, outer=family, tfc=1300, natt=True, in_order=True)


def numbered():
    """The cases, each with SPIs of its own, so that one key file can serve all captures."""
    for number, case in enumerate(cases()):
        yield dataclasses.replace(case, spi=0x1000 + 16 * number)
