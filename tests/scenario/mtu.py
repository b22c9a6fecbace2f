"""esplab mtu: published numbers, the same rows as a table and as JSON, and what a user does wrong."""
import json

import kit

PUBLISHED = [  # transform, natt, largest inner packet, MSS: IPv4 tunnel, MTU 1500
    ("esp-aes 128 esp-sha-hmac", False, 1438, 1398),
    ("esp-aes 256 esp-sha256-hmac", False, 1438, 1398),
    ("esp-aes 256 esp-sha-hmac", True, 1422, 1382),
    ("esp-aes 256 esp-sha512-hmac", False, 1422, 1382),
    ("esp-3des esp-sha-hmac", False, 1446, 1406),
    ("esp-gcm 128", False, 1446, 1406),
    ("esp-gcm 256", True, 1438, 1398),
]
BAD = [
    (["--transform", "esp-ase 256"], ["--transform", '"esp-ase 256"', 'the nearest is "esp-aes 256"']),
    (["--transform", "esp-gcm 256 esp-sha-hmac"], ["authenticates by itself"]),
    (["--mode", "tunel"], ["tunnel, transport or both", '"tunel"', 'did you mean "tunnel"?']),
    (["--outer", "5"], ["--outer", '"5"']),
    (["--mtu", "67"], ["--mtu", "from 68 to 65535", '"67"']),
    (["--mtu", "1500x"], ['"1500x"']),
    (["--sizes", "64,,128"], ["--sizes", '""']),
    (["--sizes", "19"], ["from 20 to"]),
    (["--bogus"], ["--bogus", "--transform WORDS"]),
    (["esp-gcm"], ['--transform "esp-gcm"']),
    (["--natt", "--transform", "ah-sha-hmac"], ["NAT-T carries ESP only"]),
    (["--mode", "transport", "--outer", "4", "--inner", "6"], ["there is one IP header"]),
]


def rows(scenario, *args):
    done = scenario.esplab("mtu", "--json", *args)
    if not scenario.equal(done.returncode, 0, f"mtu {args}: exit status, {done.stderr.strip()}"):
        raise kit.Stop
    return json.loads(done.stdout)["rows"]


def check_published(scenario):
    for transform, natt, inner, mss in PUBLISHED:
        args = ["--transform", transform] + (["--natt"] if natt else [])
        row, = rows(scenario, *args)
        scenario.equal((row["transform"], row["inner_max"], row["mss"]), (transform, inner, mss),
                       f"{transform}, NAT-T {natt}")
        scenario.equal((row["mode"], row["outer"], row["inner"], row["natt"], row["mtu"]),
                       ("tunnel", 4, 4, natt, 1500), transform)


def check_sizes(scenario):
    """Two sizes that straddle the largest one."""
    for mode in ("tunnel", "transport"):
        for row in rows(scenario, "--mode", mode, "--outer", "both", "--mtu", "1500,1400,9000"):
            largest = row["inner_max"]
            again = rows(scenario, "--transform", row["transform"], "--mode", mode, "--outer", row["outer"],
                         "--mtu", row["mtu"], "--sizes", f"{largest},{largest + 1}")
            fits, too_big = (size["outer"] for size in again[0]["sizes"])
            scenario.check(fits <= row["mtu"] < too_big, f"{row}: {fits}, {too_big}")
            headers = (40 if row["inner"] == 6 else 20) + 20
            scenario.equal(row["mss"], largest - headers, f"MSS of {row}")


def check_all(scenario):
    found = rows(scenario, "--all", "--sizes", "1000")
    keys = {tuple(row[key] for key in ("transform", "mode", "outer", "inner", "natt")) for row in found}
    scenario.equal(len(keys), len(found), "rows of --all that stand twice")
    for row in found:
        outer = row["sizes"][0]["outer"]
        scenario.check(row["overhead_min"] <= outer - 1000 <= row["overhead_max"], f"overhead of {row}")
    scenario.check({"tunnel", "transport"} == {key[1] for key in keys}, "--all has both modes")
    # tunnel: both outer and inner families, ESP also with NAT-T; transport: one family
    scenario.equal(sum(key[0] == "esp-gcm 128" for key in keys), 12, "rows of esp-gcm 128")
    scenario.equal(sum(key[0] == "ah-sha-hmac" for key in keys), 6, "rows of ah-sha-hmac")
    for word in ("esp-3des esp-md5-hmac", "esp-chacha20-poly1305", "esp-ccm-8 192",
                 "esp-aes-ctr 128 esp-aes-cmac", "ah-sha512-hmac esp-des", "esp-null esp-sha384-hmac"):
        scenario.check(any(key[0] == word for key in keys), f"--all lacks {word}")


def check_table(scenario):
    """The same numbers for people, never wider than 100 columns."""
    sizes = "64,100,128,256,512,1024,1280,1400,1500"
    done = scenario.esplab("mtu", "--sizes", sizes)
    scenario.equal(done.returncode, 0, "mtu: exit status")
    lines = done.stdout.splitlines()
    scenario.check(max(map(len, lines)) <= 100, "mtu: a line is too long")
    for row in rows(scenario, "--sizes", sizes):
        cells = [line[len(row["transform"]):].split() for line in lines
                 if line.startswith(row["transform"] + "  ")]
        sizes_shown = [cell.lstrip("*") for part in cells for cell in part[3:]]
        sizes_wanted = [str(size["outer"]) for size in row["sizes"]]
        scenario.equal(sizes_shown, sizes_wanted, f"table: {row['transform']}")
        for part in cells:
            scenario.equal(part[1:3], [str(row["inner_max"]), str(row["mss"])], f"table: {row['transform']}")


def check_bad(scenario):
    for args, words in BAD:
        done = scenario.esplab("mtu", *args)
        scenario.equal(done.returncode, 2, f"mtu {args}: exit status")
        scenario.equal(done.stdout, "", f"mtu {args}: output")
        for word in words:
            scenario.check(word in done.stderr, f"mtu {args}: no {word!r} in {done.stderr.strip()!r}")


def body(scenario, _folder):
    check_published(scenario)
    check_sizes(scenario)
    check_all(scenario)
    check_table(scenario)
    check_bad(scenario)


if __name__ == "__main__":
    kit.main(body)
