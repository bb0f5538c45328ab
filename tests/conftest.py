"""For every test: hypothesis searches the same examples on every machine, however busy that is."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "trimast", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("trimast")
