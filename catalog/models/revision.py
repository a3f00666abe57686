"""The counters of changes, and what each change is about; see catalog/db/revision.py and catalog/db/changes.py."""

from django.db.models import CharField, CheckConstraint, Model, PositiveBigIntegerField, Q


class Revision(Model):
    # All changes of what can be seen.
    number = PositiveBigIntegerField(default=0)
    # A random number of the last of these changes; the parts have that of their last change.
    epoch = PositiveBigIntegerField(default=0)
    # What lists contain: models, aliases, vendors, endpoint types, offers, channels, groups.
    models = PositiveBigIntegerField(default=0)
    # Prices, discounts, and the rates of groups and currencies.
    prices = PositiveBigIntegerField(default=0)
    # Pinned models and usage.
    popularity = PositiveBigIntegerField(default=0)
    # Permissions: tokens. Not in `number`, because issuing a key does not change what other keys see.
    permissions = PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [CheckConstraint(condition=Q(pk=1), name="catalog_revision_one_row")]

    def __str__(self) -> str:
        return f"revision {self.number}"


class Change(Model):
    """One model that a change is about."""

    # That of the revision after the change.
    number = PositiveBigIntegerField(db_index=True)
    # That of the revision after the change.
    epoch = PositiveBigIntegerField(default=0)
    # The part of the revision that the change is in.
    counter = CharField(max_length=16)
    # A key, without a reference: the model may be deleted. NULL: all models; 0: none.
    model = PositiveBigIntegerField(null=True)

    def __str__(self) -> str:
        return f"change {self.number}"
