"""What tests/scenario/modes.py has refused: each contradiction of SAs, modes and engines, with status 2,
file, line, key and what is allowed, and no results; and what is only warned of, and runs.
"""
import dataclasses
import shutil

import modes_kit
from modes_kit import Case

BAD_INPUT = 2
TUNNEL = Case("esp-gcm 256")
CBC = Case("esp-aes 128 esp-sha256-hmac")
AH = Case("ah-sha256-hmac")
BUNDLE = Case("ah-sha256-hmac", over=modes_kit.BUNDLE)
HOSTS = Case("esp-gcm 128", transport=True)
NAMES = 'name = "a-b"; direction = "out"'  # the SA of gwa
IN = 'name = "b-a"; direction = "in"'
SA = "gateways.gwa.sas.a-b"
# Laboratory, what is replaced in it for the first time, by what, and what is said of its line.
EDITS = [
    # modes (config/check_sa_mode.c)
    (TUNNEL, 'dst = "192.0.2.2"', 'dst = "2001:db8:ff::2"', [
        f"{SA}.dst: src is IPv4", "one family at both ends"]),
    (AH, NAMES, f"{NAMES}; natt = true", [f"{SA}.natt: AH does not pass a NAT (RFC 3948 §1)", "with ESP"]),
    (AH, NAMES, f"{NAMES}; tfc = 500", [f"{SA}.tfc: AH has no padding", "with ESP"]),
    (TUNNEL, IN, f"{IN}; tfc = 500", ["gateways.gwa.sas.b-a.tfc:", "RFC 4303 §2.7", 'direction "out"']),
    (HOSTS, NAMES, f"{NAMES}; tfc = 500", [f"{SA}.tfc:", 'mode "tunnel"']),
    (TUNNEL, NAMES, f'{NAMES}; over = "b-a"', [f'{SA}.over: "esp-gcm 256" is not AH', "in an AH SA only"]),
    (BUNDLE, 'over = "a-b"', 'over = "a-b-ah"', [f'{SA}-ah.over: SA "a-b-ah" is AH', "an ESP SA"]),
    (BUNDLE, 'over = "a-b"', 'over = "b-a"', [f'{SA}-ah.over: SA "b-a" has the other direction', "the same"]),
    (BUNDLE, 'over = "a-b"', 'over = "a-c"', [f'{SA}-ah.over: gwa has no SA "a-c"', 'did you mean "a-b"?']),
    (HOSTS, 'mode = "transport"', 'mode = "tranport"', [f'{SA}.mode:', '"tranport"', "tunnel, transport",
                                                       'did you mean "transport"?']),
    (HOSTS, 'src = "10.1.0.10"', 'src = "10.1.0.11"', [f"{SA}.src: 10.1.0.11 is no address of gwa",
                                                      "or that of a host on its links"]),
    (HOSTS, 'src = "10.1.0.10/32"', 'src = "10.1.0.0/16"', [
        'gateways.gwa.policies.p0.src: SA "a-b" is of transport mode', 'allowed: "10.1.0.10"']),
    # SAs (config/check_sa.c)
    (TUNNEL, 'transform = "esp-gcm 256"', 'transform = "esp-gcn 256"', [
        f'{SA}.transform: unknown transform "esp-gcn 256"', 'the nearest is "esp-gcm 256"', "ah-aes-cmac"]),
    (CBC, "esp-sha256-hmac", "esp-sha265-hmac", [f"{SA}.transform: unknown", '"esp-sha256-hmac"']),
    (AH, "ah-sha256-hmac", "ah-sha256", [f"{SA}.transform: unknown", '"ah-sha256-hmac"']),
    (TUNNEL, 'key = "auto"', 'key = "0011"', [f'{SA}.key: 2 bytes where "esp-gcm 256" wants 36',
                                             '72 hexadecimal digits, or "auto"']),
    (CBC, 'auth_key = "auto"', 'auth_key = "001122"', [f"{SA}.auth_key: 3 bytes", "64 hexadecimal digits"]),
    (TUNNEL, NAMES, f'{NAMES}; auth_key = "00"', [f'{SA}.auth_key: "esp-gcm 256" has no such key', "none"]),
    (TUNNEL, 'key = "auto"', 'key = "00xx"', [f"{SA}.key:", "hexadecimal digits"]),
    (TUNNEL, NAMES, f"{NAMES}; first_seq = 4294967296L", [f"{SA}.first_seq:", "or esn = true"]),
    (TUNNEL, IN, f"{IN}; esn = true; window = 0", ["gateways.gwa.sas.b-a.window:", "1..4194304"]),
    (TUNNEL, NAMES, f"{NAMES}; esn = true", [f"{SA}.esn: differs from that of the partner at gwb",
                                            "the same at both ends"]),
    (TUNNEL, NAMES, f"{NAMES}; natt = true", [f"{SA}.natt: differs from that of the partner"]),
    (AH, NAMES, f"{NAMES}; align4 = false", [f"{SA}.align4: differs from that of the partner"]),
    (BUNDLE, '; over = "a-b"', "", [f"{SA}-ah.over: differs from that of the partner"]),
    (TUNNEL, "spi = 4097", "spi = 255", ["gateways.gwa.sas.b-a.spi: 255 is reserved", "256..4294967295"]),
    # engines (config/check_engine.c, config/resolve.c)
    (TUNNEL, 'engine = "ipsec_mb"', 'engine = "ipsec_md"', [
        "gateways.gwa.engine:", '"ipsec_md"', "ipsec_mb, ", 'did you mean "ipsec_mb"?']),
]
FAULT = '{ name = "mine"; kind = "card"; profile = "aim"; faults = ( { kind = "lost"; rate = 0.5; } ); }'
ENGINES = [
    ("rate = 0.5", "rate = 0", ["engines.mine.faults.0.rate: it would never happen", "a rate above 0"]),
    ('profile = "aim"', 'profile = "amm"', ["engines.mine.profile:", '"amm"', "aim, vam2plus, ipsec-spa",
                                           'did you mean "aim"?']),
    ('kind = "card"', 'kind = "cart"', ["engines.mine.kind:", '"cart"', 'did you mean "card"?']),
    ('kind = "lost"', 'kind = "lots"', ["engines.mine.faults.0.kind:", '"lots"', 'did you mean "lost"?']),
    ('profile = "aim"', 'inner = "mime"', ["engines.mine.inner:", '"mime"', 'did you mean "mine"?']),
    ('profile = "aim"', 'inner = "mine"', ['engines.mine.inner: "mine" is a card too', "another kind"]),
    ('name = "mine"', 'name = "card"', ["engines.card.name:"]),
    ("rate = 0.5", "jobs = [ 5, 3 ]", ["engines.mine.faults.0.jobs.1:", "ascending"]),
]
# device, transform, what is said
DEVICES = [
    ("crypto_opensl", "esp-gcm 256", ['bad.cfg: gwa: engine "mine": device "crypto_opensl"',
                                     'did you mean "crypto_openssl"?']),
    ("crypto_null", "esp-gcm 256", ["crypto_null", "cannot do", "it offers"]),
    ("crypto_aesni_gcm", "esp-aes 128 esp-sha-hmac", ["crypto_aesni_gcm", "cannot do", "it offers"]),
    ("crypto_scheduler", "esp-gcm 256", ["crypto_scheduler", "worker"]),
    ("0000:ff:1f.7", "esp-gcm 256", ["0000:ff:1f.7"]),
    (None, "esp-gcm 256", ["device", "crypto_openssl"]),
]
# transform, keys, words of the warning
WARNINGS = [
    ("esp-des esp-md5-hmac", {}, ["DES has keys of 56 bits", "MD5 is broken", "for reproduction only"]),
    ("esp-3des esp-sha-hmac", {}, ["3DES has 64-bit blocks", "for reproduction only"]),
    ("ah-md5-hmac", {}, ["MD5 is broken"]),
    ("esp-aes 128", {}, ["nothing authenticates what is encrypted"]),
    ("esp-gcm 128", {"key": "00" * 20}, ["the cipher key is all zeros"]),
    ("esp-aes 128 esp-sha-hmac", {"auth_key": "00" * 20}, ["the authentication key is all zeros"]),
    ("esp-des esp-sha-hmac", {"key": "e0e0e0e0f1f1f1f1"}, ["a weak key of DES"]),
    ("esp-des esp-sha-hmac", {"key": "01fe01fe01fe01fe"}, ["a semi-weak key of DES"]),
    ("esp-3des esp-sha-hmac", {"key": "0123456789abcdef" * 3}, ["makes 3DES a single DES"]),
]


class Bad:
    """Runs of one file, in a folder of their own."""

    def __init__(self, scenario, folder):
        self.scenario, self.folder = scenario, folder
        self.path = folder / "bad.cfg"

    def run(self, text):
        self.path.write_text(text)
        return self.scenario.esplab("run", self.path.name, "--out", self.folder / "bad", cwd=self.folder)

    def refused(self, name, text, words):
        done = self.run(text)
        self.scenario.equal((done.returncode, done.stdout), (BAD_INPUT, ""), f"{name}: status and output")
        self.scenario.check(not (self.folder / "bad").exists(), f"{name}: there are results")
        shutil.rmtree(self.folder / "bad", ignore_errors=True)
        for word in words:
            self.scenario.check(word in done.stderr, f"{name}: no {word!r} in {done.stderr.strip()!r}")
        return done.stderr

    def edited(self, text, old, new, words):
        """The line with the key says what is wrong, and what is allowed."""
        title, end, rest = text.partition(";")  # which names the transform, too
        before, found, after = rest.partition(old)
        before = title + end + before
        if not self.scenario.check(found, f"{old!r} is not in the laboratory"):
            return
        line = before.count("\n") + 1
        said = self.refused(new, before + new + after, words)
        lines = [each for each in said.splitlines() if words[0] in each]
        self.scenario.check(len(lines) == 1 and lines[0].startswith(f"bad.cfg:{line}: ") and
                            ("allowed: " in lines[0]), f"{new}: line {line}, allowed: {said.strip()!r}")


def check_bundles(bad):
    """What needs more than one change."""
    text = BUNDLE.text().replace('name = "a-b"; ', 'name = "a-b"; natt = true; ')
    bad.refused("natt inside AH", text, [f'{SA}-ah.over: SA "a-b" has natt', "RFC 3948 §1", "an SA without"])
    text = BUNDLE.text()
    at = text.index('{ name = "a-b-ah"')
    row = text[at:text.index("}", at) + 1]
    second = row.replace("a-b-ah", "second").replace("spi = 4098", "spi = 4200")
    bad.refused("two AH over one ESP", text.replace(row, f"{row}, {second}", 1),
                ['gateways.gwa.sas.second.over: SA "a-b" is inside SA "a-b-ah" already', "one AH SA each"])
    bad.refused("policy of the SA inside", text.replace('sa = "a-b-ah"', 'sa = "a-b"'),
                ['gateways.gwa.policies.p0.sa: SA "a-b" is inside SA "a-b-ah"', "the AH SA over it"])
    bad.refused("an unlike pair", text.replace('src = "192.0.2.1"', 'src = "192.0.2.2"', 1),
                [f'{SA}-ah.over: SA "a-b" has other ends', "the same src and dst"])


def check_spi(bad):
    """An SPI once for a destination and protocol: AH and ESP may share it."""
    text = BUNDLE.text().replace("spi = 4098", "spi = 4096").replace("spi = 4099", "spi = 4097")
    done = bad.run(text)
    bad.scenario.equal((done.returncode, done.stderr), (0, ""), "an SPI of AH and of ESP")
    shutil.rmtree(bad.folder / "bad")
    twice = TUNNEL.text()
    at = twice.index('{ name = "b-a"; direction = "in"')
    row = twice[at:twice.index("}", at) + 1]
    bad.refused("an SPI twice", twice.replace(row, row + ", " + row.replace('"b-a"', '"b-a2"'), 1),
                ["gateways.gwa.sas.b-a2.spi: 0x1001 is that of SA \"b-a\" too", "each SPI once"])


def check_devices(bad):
    for device, transform, words in DEVICES:
        says = f'device = "{device}"; ' if device else ""
        case = Case(transform, engine="mine", engines=f'{{ name = "mine"; kind = "cryptodev"; {says}}}')
        bad.refused(f"{device}, {transform}", case.text(), words)


def check_warnings(scenario, folder):
    """On stderr with the place, once for both ends of an SA; the run goes on."""
    for transform, keys, words in WARNINGS:
        text = Case(transform).text()
        for key, value in keys.items():
            text = text.replace(f' {key} = "auto"', f' {key} = "{value}"')
        path = folder / "warned.cfg"
        path.write_text(text)
        done = scenario.esplab("run", path.name, "--out", folder / "warned", cwd=folder)
        name = f"{transform} {list(keys)}"
        scenario.equal(done.returncode, 0, f"{name}: exit status")
        scenario.check("Of 147 packets sent none was lost" in done.stdout, f"{name}: {done.stdout[:300]}")
        lines = done.stderr.strip().splitlines()
        at = text[:text.index('{ name = "a-b"')].count("\n") + 1
        scenario.equal(len(lines), 2, f"{name}: warnings, one an SA: {done.stderr}")
        scenario.check(lines and lines[0].startswith(f"warned.cfg:{at}: "), f"{name}: line {at}: {lines}")
        for word in words:
            scenario.check(all(word in line for line in lines), f"{name}: no {word!r} in {done.stderr!r}")
        quiet = scenario.esplab("run", path.name, "--quiet", "--out", folder / "warned", cwd=folder)
        scenario.equal((quiet.returncode, quiet.stdout, quiet.stderr), (0, "", ""), f"{name}: --quiet")


def check_all(scenario, folder):
    bad = Bad(scenario, folder)
    for case, old, new, words in EDITS:
        bad.edited(case.text(), old, new, words)
    for old, new, words in ENGINES:
        bad.edited(dataclasses.replace(TUNNEL, engine="mine", engines=FAULT).text(), old, new, words)
    check_bundles(bad)
    check_devices(bad)
    check_spi(bad)
    check_warnings(scenario, folder)
