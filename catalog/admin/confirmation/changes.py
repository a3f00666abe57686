"""Changes in the admin that are confirmed on a page which lists their effects: saves, actions, deletions, reverts.

The change itself is performed in a transaction, and its impact is observed. If it takes models from keys, changes
prices or gives keys more than one model, it is rolled back and the page is shown; the page posts the same form again,
with a fingerprint of what it showed. If the effects are others by then, it is shown again. So a page and the change
that follows it cannot differ, and no rule about effects is written twice.
"""

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import model_format_dict
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from catalog.admin.impact import Effect, observe
from catalog.db.import_context import reason_scope
from catalog.db.revision import TrackedModel
from catalog.db.snapshot import no_snapshot

# Fields that the page adds to the form that it posts again.
SHOWN, ACCEPTED, REASON, BACK = "_shown", "_accept_loss", "_reason", "_back"
# The button beside Save that shows the effects of any change, and stores nothing.
PREVIEW = "_preview"
OWN_FIELDS = {SHOWN, ACCEPTED, REASON, BACK, PREVIEW, "csrfmiddlewaretoken"}
REASON_LENGTH = 500
# The sentences about effects in the message after a change.
LINES_TOLD = 5
# In the environ of a request: the row that its form has saved, or would save.
SAVED = "modelbook.saved"
# In the environ of a request: its notes, and the moments at which the saved rows take effect.
NOTES, MOMENTS = "modelbook.notes", "modelbook.moments"
SOON = dt.timedelta(minutes=1)
# In the environ of a request whose change another writer has prevented.
IS_BUSY = "modelbook.busy"


@dataclass(frozen=True)
class Page:
    """What a confirmation shows beside the impact of the change."""

    title: str
    opts: Any
    button: str = "Save anyway"
    # Whether the change is shown whatever its impact is, as a deletion is.
    is_always_shown: bool = False
    asks_reason: bool = False
    # The reason if none is entered.
    reason: str = ""
    # Messages about what was entered.
    warnings: Sequence[Any] = ()
    # When a scheduled change has these effects; None: now.
    moment: dt.datetime | None = None
    # The address of "Go back"; empty: the form is shown again, with what was entered.
    back: str = ""
    # Fields that are posted although the request does not have them.
    fields: dict[str, str] = field(default_factory=dict)
    # For deletions: kinds of rows with their numbers, the first rows, and the label of a bulk action in its place.
    counts: Sequence[tuple[str, str]] = ()
    names: Sequence[Any] = ()
    alternative: str = ""
    # What else the change does, as a template and its context; with a digest, the page is shown, whatever the impact.
    template: str = ""
    context: dict[str, Any] = field(default_factory=dict)
    digest: str = ""


def confirm(
    request: HttpRequest,
    perform: Callable[[], HttpResponseBase],
    describe: Callable[[], Page],
    *,
    is_requested: bool | None = None,
    at: dt.datetime | None = None,
) -> HttpResponseBase:
    """Performs the change, or returns the page that asks for a confirmation of it, and then nothing is stored.

    `perform` makes the change and returns the response to it; it may also refuse, and show a form again. `describe` is
    called after it. `is_requested`: whether the change itself is requested and not only its page. The impact is that at
    a moment, now if none is given.
    """
    if is_requested is None:
        is_requested = request.method == "POST" and PREVIEW not in request.POST
    queue: Any = messages.get_messages(request)
    queued = list(queue._queued_messages)  # noqa: SLF001
    # What takes effect when it is saved has taken effect by then.
    soon = timezone.now() + SOON
    with no_snapshot(), reason_scope(reason_of(request)), transaction.atomic():
        attempt = transaction.savepoint()
        with observe(at=at or soon) as impact:
            response = perform()
        later = max(request.META.get(MOMENTS, ()), default=soon)
        if later > (at or soon) and not impact.needs_confirmation:
            # A scheduled change is confirmed as it will be.
            transaction.savepoint_rollback(attempt)
            queue._queued_messages = list(queued)  # noqa: SLF001
            request.META.pop(NOTES, None)
            at = later
            with observe(at=at) as impact:
                response = perform()
        page = replace(describe(), moment=later if at and at >= later > soon else None)
        is_stored = is_requested and is_confirmed(request, impact, page)
        if not is_stored:
            transaction.set_rollback(True)
    if PREVIEW in request.POST and SAVED not in request.META:
        # The form is wrong, so there are no effects to show.
        return response
    if is_stored:
        is_done = response.status_code == HTTPStatus.FOUND and issubclass(page.opts.model, TrackedModel)
        for note in notes_of(request):
            messages.add_message(request, note.level, note.text)
        if is_done or not impact.is_empty:
            lines = impact.seen_by(request.user).lines()
            messages.info(request, " ".join([*lines[:LINES_TOLD], *(["…"] if len(lines) > LINES_TOLD else [])]))
        return response
    # What has not happened is not reported, but warnings are about what was entered.
    new = queue._queued_messages[len(queued) :]  # noqa: SLF001
    queue._queued_messages = queued  # noqa: SLF001
    warnings = [message for message in new if message.level >= messages.WARNING]
    return show_confirmation(request, impact, replace(page, warnings=warnings))


def show_confirmation(request: HttpRequest, impact: Effect, page: Page) -> HttpResponse:
    """The page that lists the effects, and posts the same form again."""
    fingerprint = fingerprint_of(impact, page)
    shown = request.POST.get(SHOWN, "")
    is_due, seen = impact.needs_confirmation, impact.seen_by(request.user)
    context = admin.site.each_context(request) | {
        "title": page.title,
        "opts": page.opts,
        "page": page,
        "posted": posted_fields(request, page),
        "lines": [*seen.lines(), *(note.text for note in notes_of(request))],
        "guards": seen.guards(may_end=True),
        "fingerprint": fingerprint,
        "has_changed": shown != fingerprint and shown.partition(":")[0] == fingerprint.partition(":")[0],
        "is_unaccepted": shown == fingerprint,
        "button": page.button if is_due or page.is_always_shown else "Save",
        "is_danger": is_due or page.is_always_shown or bool(page.digest),
        "reason": reason_of(request) or page.reason,
        "reason_length": REASON_LENGTH,
    }
    return TemplateResponse(request, "catalog/admin/confirmation.html", context)


def posted_fields(request: HttpRequest, page: Page) -> list[tuple[str, str]]:
    """What the page posts again, and what it adds to that."""
    posted = [(name, value) for name, values in request.POST.lists() if name not in OWN_FIELDS for value in values]
    return [*posted, *((name, value) for name, value in page.fields.items() if name not in request.POST)]


def is_confirmed(request: HttpRequest, impact: Effect, page: Page) -> bool:
    """Whether the change may be stored: nobody must see its effects, or somebody has seen and accepted them."""
    if not impact.needs_confirmation and not page.digest:
        return True
    was_shown = request.POST.get(SHOWN) == fingerprint_of(impact, page)
    return was_shown and (ACCEPTED in request.POST or not impact.guards(may_end=True))


def fingerprint_of(impact: Effect, page: Page) -> str:
    """Two digests: of the change, and of everything that the page says about its effects."""
    parts = [impact.as_json(), list(impact.lines()), list(page.counts), page.digest]
    effects = json.dumps(parts, sort_keys=True, default=str)
    # With a secret: nobody finds out figures that they may not see by trying.
    return ":".join(salted_hmac(__name__, text, algorithm="sha256").hexdigest() for text in (page.title, effects))


@dataclass(frozen=True)
class Note:
    """Something that the operator should know about a change: on the page before it, in a message after it."""

    text: str
    level: int = messages.WARNING


def add_note(request: HttpRequest, text: str, level: int = messages.WARNING) -> None:
    request.META.setdefault(NOTES, []).append(Note(text, level))


def notes_of(request: HttpRequest) -> list[Note]:
    return list(request.META.get(NOTES, ()))


def reason_of(request: HttpRequest) -> str:
    """The reason that was entered on the page; PostgreSQL rejects NUL."""
    return request.POST.get(REASON, "").replace("\x00", "").strip()[:REASON_LENGTH]


def note_saved(request: HttpRequest, row: models.Model) -> None:
    """Notes that the form of this row is valid, and has been saved."""
    request.META[SAVED] = row
    request.META[MOMENTS] = []
    note_starts(request, row)


def note_starts(request: HttpRequest, *rows: models.Model) -> None:
    """Notes when these rows take effect, if they have a start."""
    note_moments(request, *filter(None, (getattr(row, "starts_at", None) for row in rows)))


def note_moments(request: HttpRequest, *moments: dt.datetime) -> None:
    """Notes when the change takes effect: its impact is that of the last one of these moments."""
    request.META.setdefault(MOMENTS, []).extend(moments)


def confirms_itself(action: Any) -> Any:
    """Marks a bulk action whose own page shows the effects, and that stores nothing before they are confirmed."""
    action.confirms_itself = True
    return action


def function_of(action: Any) -> Any:
    """The function of a bulk action, as get_actions returns it."""
    return action[0] if isinstance(action, tuple) else action.func


class UnsentForm:
    """A form that is shown again with what was entered, after "Go back"; mixed into the form of a row."""

    def is_valid(self) -> bool:
        return False


class ConfirmingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Confirms the forms of rows and the actions of lists."""

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        def perform() -> Any:
            return super(ConfirmingAdmin, self).changeform_view(request, object_id, form_url, extra_context)

        if request.method != "POST" or BACK in request.POST or IS_BUSY in request.META:
            return perform()
        return confirm(request, perform, lambda: self.describe_save(request), at=self.moment_of_effect(request))

    def moment_of_effect(self, request: HttpRequest) -> dt.datetime | None:
        """When a form takes effect, if its values say so; its impact is that of this moment."""
        return None

    def describe_save(self, request: HttpRequest) -> Page:
        """The confirmation of a form."""
        return Page(f"Save {self.opts.verbose_name} {request.META.get(SAVED, '')}?", self.opts)

    def get_form(self, request: HttpRequest, obj: Any = None, *args: Any, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, *args, **kwargs)
        return type(form)(form.__name__, (UnsentForm, form), {}) if BACK in request.POST else form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        note_saved(request, obj)
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        for formset in formsets:
            note_starts(request, *formset.new_objects, *(row for row, _ in formset.changed_objects))

    def get_actions(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The bulk actions of the list: each of them is confirmed, unless it has a page of its own for that."""
        actions: Any = super().get_actions(request, *args, **kwargs)
        return {name: self.confirming(action) for name, action in actions.items()}

    def confirming(self, action: Any) -> Any:
        """The bulk action with a confirmation. Django before 6.1 has a tuple of function, name and description."""
        perform = function_of(action)
        if getattr(perform, "confirms_itself", False):
            return action
        label = action[2] if isinstance(action, tuple) else action.plural_description

        def run(model_admin: Any, request: HttpRequest, rows: models.QuerySet[Any]) -> HttpResponseBase:
            back = self.list_page(request)
            title = f"{label % model_format_dict(self.opts)}?"
            return confirm(
                request,
                lambda: perform(model_admin, request, rows) or HttpResponseRedirect(back),
                lambda: Page(title, self.opts, button="Continue anyway", asks_reason=True, back=back),
            )

        return (run, *action[1:]) if isinstance(action, tuple) else replace(action, func=run)

    def list_page(self, request: HttpRequest) -> str:
        """The address of the list that a bulk action returns to, with its filters."""
        page = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        return request.get_full_path() if request.path == page else page
