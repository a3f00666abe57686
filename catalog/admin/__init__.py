"""The admin of the catalog. Django imports this package; each module registers its own pages."""

from catalog.admin import audit, channels, imports, models, sources, vendors

__all__ = ["audit", "channels", "imports", "models", "sources", "vendors"]
