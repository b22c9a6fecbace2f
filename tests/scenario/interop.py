"""The codec of ESP and AH against peers that share no code with it."""
import importlib.util
import time

import interop_kit
import kit


def body(scenario, folder):
    if not importlib.util.find_spec("scapy"):
        kit.skip("there is no scapy")
    import interop_scapy  # pylint: disable=import-outside-toplevel
    codec = interop_kit.Codec(scenario.more[0])
    interop_scapy.run(scenario, codec)
    scenario.equal(codec.close(), 0, "exit status of the codec")


kit.main(body)
