"""The hashing of administrators' passwords."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB and two passes, as OWASP recommends: Django's default takes 100 MiB per attempt.

    Eight threads that guess passwords would fill the machine's memory.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
