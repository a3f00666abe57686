"""Endpoint types, channels, aliases, offers, pinned fields and popular models."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from catalog.models import Channel, EndpointType, FieldPin, ModelAlias, Offer
from catalog.models.pin import PRICES
from catalog.operators.permissions import may_see_prices
from pricing.admin_api.filters import RelatedFilter, make_filters
from pricing.admin_api.resource import WRITES, Resource
from pricing.admin_api.resources.bases import WARNINGS, Warned, WarnedSerializer
from pricing.admin_api.serializers import RowSerializer
from pricing.admin_api.writes import Outcome
from pricing.models import PopularModel
from tokens.auth.alias_effects import alias_effects
from tokens.models import TokenGroup


class EndpointTypeSerializer(RowSerializer):
    class Meta:
        model = EndpointType
        fields = ("name", "path", "method", "label")
        # Models state endpoint types by their names.
        harmless_fields = ("path", "method", "label")


class EndpointTypes(Resource):
    """The APIs through which models can be called."""

    address = "endpoint-types"
    queryset = EndpointType.objects.all()
    serializer_class = EndpointTypeSerializer
    lookup_field = "name"
    filters = {"name": ["exact", "in"], "method": ["exact"], "path": ["exact"]}
    ordering = ("name", "path")
    # Models state their endpoint types themselves, and one that models state is not deleted.
    takes_nothing = ("create", "destroy")


class ChannelSerializer(RowSerializer):
    class Meta:
        model = Channel
        fields = ("slug", "name", "enabled", "base_url", "priority", "weight", "note")
        # This service calls no upstream: gateways and operators read them.
        harmless_fields = ("name", "base_url", "priority", "weight", "note")


class ChannelFilters(
    make_filters(  # type: ignore[misc]
        Channel, (("slug", ("exact", "in")), ("name", ("exact", "icontains")), ("enabled", ("exact",)))
    )
):
    """Filters by columns, and by the groups that reach the channel."""

    groups = RelatedFilter(TokenGroup, field_name="groups", lookup_expr="in")


class Channels(Resource):
    """The connections to upstreams that serve models. The models that they serve are `offers`."""

    address = "channels"
    queryset = Channel.objects.all()
    serializer_class = ChannelSerializer
    lookup_field = "slug"
    filterset_class = ChannelFilters
    ordering = ("slug", "name", "priority", "weight")
    # A new channel serves no model. (A new offer may take: another group pays then, and patterns compare its prices.)
    takes_nothing = ("create",)


class AliasSerializer(WarnedSerializer):
    class Meta:
        model = ModelAlias
        fields = ("name", "model", "listed", WARNINGS)
        volatile_fields = (WARNINGS,)


class Aliases(Warned):
    """Other ids with which clients may request a model."""

    address = "aliases"
    queryset = ModelAlias.objects.all()
    serializer_class = AliasSerializer
    lookup_field = "name"
    lookup_value_converter = "path"
    filters = {"name": ["exact", "in", "icontains"], "model": ["exact", "in"], "listed": ["exact"]}
    ordering = ("name",)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # Those of this request: created, renamed, or moved to another model.
        self.new_names: set[str] = set()

    def save(self, serializer: Any) -> Any:
        before = serializer.instance and (serializer.instance.name, serializer.instance.model_id)
        alias = super().save(serializer)
        if before != (alias.name, alias.model_id):
            self.new_names.add(alias.name)
        return alias

    def find_warnings(self, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Sequence[str]]:
        """What new aliases change for keys whose patterns match them."""
        new = {row["name"]: row["model"] for row in rows if row["name"] in self.new_names}
        effects = alias_effects(new, at=timezone.now(), reader=self.request.user)
        return {effect.alias: effect.warnings for effect in effects}


class OfferSerializer(RowSerializer):
    class Meta:
        model = Offer
        fields = ("id", "channel", "model", "enabled", "upstream_name")
        read_only_fields = ("id",)
        # Gateways send it to the upstream.
        harmless_fields = ("upstream_name",)


class Offers(Resource):
    """Models on channels. A batch changes the offer of a channel and model, if there is one."""

    address = "offers"
    queryset = Offer.objects.all()
    serializer_class = OfferSerializer
    lookup_field = "pk"
    lookup_value_converter = "int"
    filters = {
        "channel": ["exact", "in"], "model": ["exact", "in"], "enabled": ["exact"], "upstream_name": ["exact"],
    }  # fmt: skip
    ordering = ("id",)

    def _store_batch(self) -> Outcome:
        named = [pair for row in self.read_rows() if (pair := pair_in(row))]
        found = Offer.objects.filter(
            channel__slug__in={channel for channel, _ in named}, model__name__in={model for _, model in named}
        )
        pairs = found.values_list("channel__slug", "model__name", "pk")
        self.numbers = {(channel, model): str(number) for channel, model, number in pairs}
        return super()._store_batch()

    def _key_in(self, values: Any) -> str:
        """The number of the offer, or that of the offer of its channel and model."""
        return super()._key_in(values) or self.numbers.get(pair_in(values) or ("", ""), "")


def pair_in(values: Any) -> tuple[str, str] | None:
    """Channel and model of an offer in a body, if it states both."""
    if not isinstance(values, Mapping):
        return None
    channel, model = values.get("channel"), values.get("model")
    return (channel, model) if isinstance(channel, str) and isinstance(model, str) else None


class PinSerializer(RowSerializer):
    class Meta:
        model = FieldPin
        fields = (
            "id", "model", "field", "reason", "author_name", "created_at", "upstream", "upstream_source", "upstream_at",
        )  # fmt: skip
        read_only_fields = ("id", "author_name", "created_at", "upstream", "upstream_source", "upstream_at")
        # What sources state changes with every import.
        volatile_fields = ("upstream", "upstream_source", "upstream_at")

    def check(self, row: FieldPin, relations: Mapping[str, Any]) -> None:
        if row.pk is None:
            row.author = self.context["request"].user
        super().check(row, relations)

    def to_representation(self, instance: FieldPin) -> dict[str, Any]:
        values = super().to_representation(instance)
        if instance.field in PRICES and not may_see_prices(self.context["request"].user):
            values["upstream"] = None
        return values


class Pins(Resource):
    """The fields of models that imports leave unchanged. `upstream` is what a source states instead of the value."""

    address = "pins"
    queryset = FieldPin.objects.all()
    serializer_class = PinSerializer
    lookup_field = "pk"
    lookup_value_converter = "int"
    filters = {
        "model": ["exact", "in"], "field": ["exact", "in"], "upstream_at": ["isnull", "gte"],
        "upstream_source": ["exact"],
    }  # fmt: skip
    ordering = ("id", "created_at", "upstream_at")
    # Only imports read them.
    takes_nothing = WRITES


class PopularModelSerializer(RowSerializer):
    class Meta:
        model = PopularModel
        fields = ("model", "position")
        fixed_fields = ("model",)


class PopularModels(Resource):
    """The models that the price list shows first. Those with a lower position come first."""

    address = "popular-models"
    queryset = PopularModel.objects.all()
    serializer_class = PopularModelSerializer
    lookup_field = "model__name"
    lookup_url_kwarg = "model"
    lookup_value_converter = "path"
    filters = {"model": ["exact", "in"], "position": ["exact", "lt", "gt"]}
    ordering = ("position",)
    # They decide the order of lists, not what is in them.
    takes_nothing = WRITES
