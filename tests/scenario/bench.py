#!/usr/bin/python3
"""esplab bench esp: what it prints and writes, and that bad arguments are told.  No figure is looked at: how
long things take is nothing that a test can know."""
import json
import pathlib

import kit

FEW = ["--rounds", "1", "--pairs", "1", "--buffers", "96"]
ROW = {"size", "inner_bytes", "workers", "packets", "mpps", "gbps", "cycles", "port_cycles", "path_cycles",
       "raw_cycles", "ratio", "target", "stages", "balance", "drops", "events", "events_lost"}
BAD = [
    ([], "what? there is: esp"),
    (["ah"], "what? there is: esp"),
    (["esp", "--direction", "outt"], 'did you mean "out"?'),
    (["esp", "--direction", ""], "--direction wants out, in or both"),
    (["esp", "--transform", "esp-gmc 128"], "esp-gcm"),
    (["esp", "--engine", "ipsec-mb"], 'the nearest is "ipsec_mb"'),
    (["esp", "--engine", "cryptodev:crypto_nonsense"], "crypto_nonsense"),
    (["esp", "--sizes", "27"], "a number from 28 to 9000"),
    (["esp", "--sizes", "64,imx"], "--sizes (or imix)"),
    (["esp", "--sizes", ","], "--sizes wants at least one"),
    (["esp", "--window", "64:bitmp"], 'did you mean "bitmap"?'),
    (["esp", "--window", "x"], "--window wants a number"),
    (["esp", "--sas", "0"], "a number from 1 to 1000000"),
    (["esp", "--sas", "1000001"], "a number from 1 to 1000000"),
    (["esp", "--order", "zip"], 'did you mean "zipf"?'),
    (["esp", "--workers", "17"], "a number from 1 to 16"),
    (["esp", "--replayed"], "--replayed wants --direction in"),
    (["esp", "--replayed", "--direction", "in", "--window", "0"], "--replayed wants a --window"),
    (["esp", "--burst", "65"], "a number from 1 to 64"),
    (["esp", "--rounds", "0"], "a number from 1 to"),
    (["esp", "--json", "/nowhere/x.json"], "/nowhere/x.json cannot be written"),
    (["esp", "more"], '"more" is no option'),
]


def check_row(scenario, row, name):
    scenario.equal(set(row), ROW, f"{name}: keys of a row")
    balance = row["balance"]
    scenario.check(balance["holds"], f"{name}: balance")
    scenario.equal(balance["rx"] + balance["created"],
                   balance["tx"] + balance["consumed"] + balance["held"] + sum(row["drops"].values()),
                   f"{name}: sums")
    scenario.check(row["cycles"]["min"] <= row["cycles"]["median"] <= row["cycles"]["max"], f"{name}: median")
    scenario.check(row["mpps"] > 0 and row["packets"] > 0, f"{name}: nothing was measured")


def json_output(scenario, folder):
    path = pathlib.Path(folder) / "bench.json"
    done = scenario.esplab("bench", "esp", *FEW, "--sizes", "64,imix", "--sas", "1,20", "--json", path)
    scenario.equal(done.returncode, 0, f"--json FILE: {done.stderr}")
    result = json.loads(path.read_text(encoding="utf-8"))
    scenario.equal([(m["direction"], m["sas"]) for m in result["measurements"]],
                   [("out", 1), ("out", 20), ("in", 1), ("in", 20)], "order of measurements")
    for measured in result["measurements"]:
        scenario.equal([row["size"] for row in measured["rows"]], ["64", "imix"], "sizes")
        scenario.equal(measured["raw"], "intel-ipsec-mb", "raw")
        scenario.equal(measured["window"], 1024 if measured["direction"] == "in" else 0, "window")
        for row in measured["rows"]:
            check_row(scenario, row, f"{measured['direction']} {row['size']}")
    scenario.check("cycles_met" in result["measurements"][0]["rows"][0]["target"], "target of 64 bytes")
    scenario.equal(result["measurements"][0]["rows"][1]["target"], {}, "no target of imix")
    for words in ("out: esp-gcm 128", "in: esp-gcm 128", "window 1024 (bitmap)", "Cycles by stage", "TSC"):
        scenario.check(words in done.stdout, f"the table has no {words}")


def standard_output(scenario):
    done = scenario.esplab("bench", "esp", *FEW, "--direction", "in", "--replayed", "--events", "--esn",
                           "--engine", "cryptodev:crypto_openssl", "--sizes", "100", "--json", "-")
    scenario.equal(done.returncode, 0, f"--json -: {done.stderr}")
    row = json.loads(done.stdout)["measurements"][0]["rows"][0]
    check_row(scenario, row, "replayed")
    scenario.equal(row["drops"], {"replay_duplicate": row["balance"]["tx"]}, "replayed: drops")
    scenario.equal(row["events"], row["balance"]["tx"], "replayed: events")
    scenario.equal(row["raw_cycles"], None, "replayed: raw")


def bad_arguments(scenario):
    for args, words in BAD:
        done = scenario.esplab("bench", *args)
        scenario.equal(done.returncode, 2, f"{args}: exit status: {done.stderr}")
        scenario.check(words in done.stderr, f"{args}: {done.stderr!r} does not say {words!r}")
    done = scenario.esplab("bench", "esp", "--help")
    scenario.equal(done.returncode, 0, "--help: exit status")
    scenario.check("--direction LIST" in done.stdout, "--help")


def body(scenario, folder):
    json_output(scenario, folder)
    standard_output(scenario)
    bad_arguments(scenario)


if __name__ == "__main__":
    kit.main(body)
