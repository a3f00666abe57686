"""The admin of what exists. Django finds the pages here; each module registers its own."""

from catalog.admin import channels, imports, models, sources, vendors

__all__ = ["channels", "imports", "models", "sources", "vendors"]
