"""How many odd inputs each property is tried with: few, always the same in `make test`; many new ones in `make soak`.

REDNET_EXAMPLES is the number for each property; a seed that failed is printed with the way to repeat it.
"""

import importlib.util
import os

EXAMPLES = os.environ.get("REDNET_EXAMPLES")

if importlib.util.find_spec("hypothesis") is not None:
    from hypothesis import HealthCheck, settings

    settings.register_profile(
        "reliability",
        max_examples=int(EXAMPLES or 40),
        derandomize=EXAMPLES is None,
        database=None,
        deadline=None,  # the machine may be busy with something else
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
    )
    settings.load_profile("reliability")
