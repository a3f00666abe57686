"""The message to operators while no setting says where customers call models. Imports no models and no settings."""

NO_GATEWAY = (
    "PUBLIC_BASE_URL is not set: the code examples on the public pages call this catalog, which lists models and "
    "prices and answers no chat requests. Set it to the address of your gateway, e.g. https://api.example.com."
)
