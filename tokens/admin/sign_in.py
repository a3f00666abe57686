"""Removes the pages that django-allauth registers: operators manage their own sign-in, and nobody edits its rows."""

# They register their models when they are imported.
import allauth.account.admin
import allauth.mfa.admin
import allauth.socialaccount.admin
import allauth.usersessions.admin  # noqa: F401
from django.contrib import admin

APPS = {"account", "mfa", "socialaccount", "usersessions"}

admin.site.unregister([model for model in list(admin.site._registry) if model._meta.app_label in APPS])  # noqa: SLF001
