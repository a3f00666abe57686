"""The catalog's tables, one or two per module."""

from catalog.db.revision import track
from catalog.models.aimodel import AIModel
from catalog.models.alias import ModelAlias
from catalog.models.audit import AuditColumns, AuditEntry, AuditHead
from catalog.models.channel import Channel, Offer
from catalog.models.codex_profile import CodexProfile
from catalog.models.documents import DocumentExtract, NameList, Snapshot
from catalog.models.endpoint import EndpointType
from catalog.models.pin import FieldPin
from catalog.models.pruning import Pruning
from catalog.models.revision import Change, Revision
from catalog.models.saved_filter import SavedFilter
from catalog.models.source import ImportRun, Source
from catalog.models.vendor import Vendor

track(AIModel, Channel, CodexProfile, EndpointType, FieldPin, ModelAlias, Offer, Source, Vendor)

__all__ = [
    "AIModel",
    "AuditColumns",
    "AuditEntry",
    "AuditHead",
    "Change",
    "Channel",
    "CodexProfile",
    "DocumentExtract",
    "EndpointType",
    "FieldPin",
    "ImportRun",
    "ModelAlias",
    "NameList",
    "Offer",
    "Pruning",
    "Revision",
    "SavedFilter",
    "Snapshot",
    "Source",
    "Vendor",
]
