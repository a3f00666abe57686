"""The admin's frame: its names, colors and scripts, and the entries of its sidebar."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy

from catalog.operators.permissions import may_view


def page(title: str, icon: str, table: str, *others: str, name: str = "") -> dict[str, Any]:
    """An entry of the sidebar, for operators who may view these tables: the list of the first one, or a named page."""
    link = reverse_lazy(name or f"admin:{table.replace('.', '_')}_changelist")

    def permission(request: Any) -> bool:
        return may_view(request.user, table, *others)

    return {"title": title, "icon": icon, "link": link, "permission": permission}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Modelbook",
    "SITE_HEADER": "Modelbook",
    "SITE_SUBHEADER": "Models, keys and prices",
    "SITE_SYMBOL": "menu_book",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda _: static("catalog/icon.svg")}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "DASHBOARD_CALLBACK": "pricing.admin.dashboard.page.fill",
    "ACCOUNT": {"navigation": "tokens.operators.sign_in.frame.user_menu"},
    "STYLES": [lambda _: static("catalog/admin.css")],
    "SCRIPTS": [lambda _: static("catalog/admin.js"), lambda _: static("catalog/pasted_keys.js")],
    # Ink blue: readable on white and on black, and not used for any state.
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 254.6)",
            "100": "oklch(93.2% .032 255.6)",
            "200": "oklch(88.2% .059 254.1)",
            "300": "oklch(80.9% .105 251.8)",
            "400": "oklch(70.7% .165 254.6)",
            "500": "oklch(62.3% .214 259.8)",
            "600": "oklch(54.6% .245 262.9)",
            "700": "oklch(48.8% .243 264.4)",
            "800": "oklch(42.4% .199 265.6)",
            "900": "oklch(37.9% .146 265.5)",
            "950": "oklch(28.2% .091 267.9)",
        }
    },
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": [
            {
                "title": "Catalog",
                "items": [
                    {"title": "Overview", "icon": "dashboard", "link": reverse_lazy("admin:index")},
                    {"title": "Health checks", "icon": "stethoscope", "link": reverse_lazy("check")},
                    page("Models", "deployed_code", "catalog.aimodel"),
                    page("Vendors", "domain", "catalog.vendor"),
                    page("Channels", "hub", "catalog.channel"),
                    page("Offers", "link", "catalog.offer"),
                    page("Endpoint types", "api", "catalog.endpointtype"),
                    page("Retirements", "event_busy", "catalog.aimodel", name="retirements_page"),
                ],
            },
            {
                "title": "Access",
                "separator": True,
                "items": [
                    page("Tokens", "key", "tokens.token"),
                    page("Refused requests", "block", "tokens.token", name="explain"),
                    page("Groups", "groups", "tokens.tokengroup"),
                    page("Operators", "badge", "auth.user"),
                    page("Operator roles", "admin_panel_settings", "auth.group"),
                    page("Admin keys", "vpn_key", "tokens.adminkey"),
                    page("Audit trail", "fact_check", "catalog.auditentry"),
                ],
            },
            {
                "title": "Prices",
                "separator": True,
                "items": [
                    page("Price sheets", "receipt_long", "pricing.pricesheet"),
                    page("Price verification", "rule", "pricing.pricesheet", name="verification"),
                    page("Discount rules", "sell", "pricing.discountrule"),
                    page("Group rates", "percent", "pricing.grouprate"),
                    page("Currency rates", "currency_exchange", "pricing.currencyrate"),
                    page("Popular models", "star", "pricing.popularmodel"),
                ],
            },
            {
                "title": "Usage",
                "separator": True,
                "items": [
                    page("Usage events", "list_alt", "pricing.usageevent"),
                    page("Usage counts", "bar_chart", "pricing.usagecount"),
                    page("Unknown models", "help", "pricing.usagecount", name="unknown_models"),
                    page("Usage reporters", "cell_tower", "pricing.usagereporter", "tokens.token"),
                ],
            },
            {
                "title": "Events",
                "separator": True,
                "items": [
                    page("Webhooks", "webhook", "tokens.webhook"),
                    page("Events", "notifications", "tokens.event"),
                    page("Deliveries", "outbox", "tokens.delivery"),
                ],
            },
            {
                "title": "Imports",
                "separator": True,
                "items": [
                    page("Import runs", "sync", "catalog.importrun"),
                    page("Sources", "cloud_download", "catalog.source"),
                    page("Snapshots", "inventory_2", "catalog.snapshot"),
                    page("Prunings", "auto_delete", "catalog.pruning"),
                ],
            },
        ],
    },
}
