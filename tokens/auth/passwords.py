"""How administrators' passwords are hashed."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB and two passes (OWASP's choice): Django's default takes 100 MiB a try.

    Eight threads of guesses at the default would take the memory of the machine.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
