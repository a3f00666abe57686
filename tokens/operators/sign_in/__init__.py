"""How operators sign in: django-allauth in the admin, with second factors, sessions and OpenID Connect."""
