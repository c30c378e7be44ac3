"""Properties are searched the same way in every run: a failure on one machine is a failure on all."""

from hypothesis import settings

settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")
