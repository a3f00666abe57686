"""Saved filters: the filters, search and order of an admin list under a name, of one operator or for all."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class SavedFilterQuerySet(models.QuerySet["SavedFilter"]):
    def usable(self, user: int, page: str) -> "SavedFilterQuerySet":
        """The operator's own filters of a list, and those that others share."""
        return self.filter(Q(owner=user) | Q(is_shared=True), page=page).select_related("owner").order_by("name", "pk")


class SavedFilter(models.Model):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    page = models.CharField(max_length=100, help_text="The list, as app.model.")
    name = models.CharField(max_length=64)
    query = models.TextField(help_text="The query of the list's address.")
    is_shared = models.BooleanField(default=False, help_text="If on, all operators who may view the list can use it.")

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "page", "name"], name="catalog_filter_once_a_name")]

    def __str__(self) -> str:
        return self.name
