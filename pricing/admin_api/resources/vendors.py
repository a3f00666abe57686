"""Vendors of models."""

from catalog.models import Vendor
from pricing.admin_api.resource import Resource
from pricing.admin_api.serializers import RowSerializer


class VendorSerializer(RowSerializer):
    class Meta:
        model = Vendor
        fields = ("slug", "name", "chinese_name", "aliases", "icon", "description")
        # Not `name`: patterns such as vendor:OpenAI match it. Only imports and pages read the others.
        harmless_fields = ("chinese_name", "aliases", "icon", "description")


class Vendors(Resource):
    """The companies that made the models."""

    address = "vendors"
    queryset = Vendor.objects.all()
    serializer_class = VendorSerializer
    lookup_field = "slug"
    filters = {"slug": ["exact", "in"], "name": ["exact", "icontains"]}
    ordering = ("slug", "name")
    # No model has a new vendor, and one that models have is not deleted.
    takes_nothing = ("create", "destroy")
