"""What holds for all tests: hypothesis measures behaviour and not the machine, which may be busy."""

from hypothesis import settings

settings.register_profile("esign", deadline=None, print_blob=True)
settings.load_profile("esign")
