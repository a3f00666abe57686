"""Groups of customers, and their rates."""

from pricing.admin_api.resource import Resource
from pricing.admin_api.resources.bases import STATE, Dated, DatedSerializer, Priced
from pricing.admin_api.serializers import RowSerializer
from pricing.models import GroupRate
from tokens.models import TokenGroup


class GroupSerializer(RowSerializer):
    class Meta:
        model = TokenGroup
        fields = (
            "slug", "label", "description", "channels", "is_public", "auto_position", "rate_limit", "budget_amount",
            "budget_currency", "budget_period",
        )  # fmt: skip
        # Limits refuse calls for a while; they change neither what keys see nor prices.
        harmless_fields = ("label", "description", "rate_limit", "budget_amount", "budget_currency", "budget_period")


class Groups(Resource):
    """The groups of customers. Their prices, rates, tokens and sources follow a new name."""

    address = "groups"
    queryset = TokenGroup.objects.all()
    serializer_class = GroupSerializer
    lookup_field = "slug"
    # The name of a group is any visible text.
    lookup_value_converter = "path"
    filters = {
        "slug": ["exact", "in"], "label": ["exact", "icontains"], "channels": ["exact"], "is_public": ["exact"],
        "auto_position": ["exact", "isnull"],
    }  # fmt: skip
    ordering = ("slug", "label", "auto_position")
    # Even a new group may take: keys of automatic groups pay in it then, and patterns compare its prices.


class GroupRateSerializer(DatedSerializer):
    class Meta:
        model = GroupRate
        fields = ("id", "group", "ratio", "starts_at", STATE)
        read_only_fields = ("id",)
        volatile_fields = (STATE,)


class GroupRates(Priced, Dated):
    """The factors of the prices of groups, from a moment on. Without a rate, a group pays the published price."""

    address = "group-rates"
    queryset = GroupRate.objects.all()
    serializer_class = GroupRateSerializer
    filters = {"group": ["exact", "in"], "starts_at": ["gt", "lte"]}
    ordering = ("id", "starts_at")
