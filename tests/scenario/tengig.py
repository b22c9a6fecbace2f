"""tengig.cfg in small: it balances, nothing is lost or changed, and memory does not grow with virtual time.

Speed is measured elsewhere: here nothing depends on how fast the machine is.
"""
import kit

LAB = "tengig.cfg"
SHORT, LONG = "50 ms", "200 ms"
ETHERNET = 38  # bytes that a packet takes on the line besides itself
MORE_BYTES = 4 << 20  # by which the longer run's peak may exceed that of the shorter one
PEAK = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], check=False).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
sys.exit(code)
"""


def run(scenario, out, duration):
    """Summary, and the peak of resident memory in bytes, which a process of its own measures."""
    measure = [kit.sys.executable, "-B", "-c", PEAK]
    args = ["run", scenario.labs / LAB, "--quiet", "--out", out, "--duration", duration]
    done = scenario.esplab(*args, prefix=measure)
    if not scenario.equal(done.returncode, 0, f"exit status with {duration}: {done.stderr.strip()}"):
        raise kit.Stop
    summary = kit.read_json(out / "summary.json")
    scenario.balanced(summary, duration)
    return summary, int(done.stdout.split()[-1])


def check(scenario, name, summary, seconds):
    classes = summary["classes"]
    line = 8 * sum(item["sent_bytes"] + ETHERNET * item["sent"] for item in classes) / seconds
    scenario.check(line > 9.9e9, f"{name}: only {line / 1e9:.3f} Gb/s are sent")
    scenario.equal(summary["drops"], {}, f"{name}: drops")
    for item in classes:
        scenario.equal((item["delivered"], item["lost"], item["corrupt"]), (item["sent"], 0, 0),
                       f"{name}: {item['class']} delivered, lost, corrupt")
    sa = kit.inbound(summary)
    scenario.equal((sa["replays"], sa["errors"], sa["transform"]), (0, 0, "esp-gcm 128"), f"{name}: SA")


def body(scenario, folder):
    peaks = {}
    for duration, seconds in ((SHORT, 0.05), (LONG, 0.2)):
        summary, peaks[duration] = run(scenario, folder / duration.replace(" ", "-"), duration)
        check(scenario, duration, summary, seconds)
        print(f"{duration}: {sum(item['sent'] for item in summary['classes'])} packets, "
              f"{peaks[duration] / 2**20:.1f} MiB at most")
    scenario.check(peaks[LONG] - peaks[SHORT] <= MORE_BYTES, f"memory grows with time: {peaks}")


kit.main(body)
