"""The admin's pages for import runs: upload a file, review and decide about a plan, roll a run back."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from catalog.admin.base import Checkbox, FileInput, ModelAdmin, NamesInput, Select, TextInput, as_busy, detail_action
from catalog.admin.confirmation.changes import Page, confirm
from catalog.db.fields import NamesFormField
from catalog.db.locking import BUSY, is_lock_timeout, limited_lock_waits
from catalog.error_messages import InputError, count, refused
from catalog.imports.run_reports import sections
from catalog.models import AIModel, ImportRun, ModelAlias, Snapshot, Source
from catalog.names.groups import LONGEST_NAME
from catalog.operators.permissions import may, may_apply_imports, may_see_prices, may_set_prices, may_view
from catalog.sources import SOURCES
from catalog.sources.limits import LARGEST_FILE
from pricing.admin.import_rows import VIEWS, matching, names_of, other_changes, row_of
from pricing.impact.impact import ACCEPT_LOSS, Impact
from pricing.imports.options import Options
from pricing.imports.plan import ImportPlan
from pricing.imports.review import apply_run, discard_run, forbidden_actions, make_alias, plan_of, save_plan
from pricing.imports.rollback import roll_back
from pricing.imports.structure.pruning import DELETE, DRAFT
from pricing.models import PriceSheet
from tokens.auth.alias_effects import alias_warnings
from tokens.models import Token
from tokens.operators.reauthentication import ask_to_confirm

ROWS_PER_PAGE = 100
SNAPSHOTS_SHOWN = 50
SUGGESTIONS_SHOWN = 100
# The counts of a report that say that a run has changed prices.
PRICE_COUNTS = ("new_prices", "changed_prices", "announced_prices", "withdrawn_prices", "changed_ends", "past_prices")
# Parts of the report that are not about a single model.
OTHER_PARTS = ("findings", "aliases", "unmapped", "vendors", "without_vendor")


class UploadForm(forms.Form):
    """A document, its source, and how to import it."""

    source = forms.ChoiceField(
        widget=Select(), help_text="The source of the document, which also sets the format to read."
    )
    file = forms.FileField(
        required=False,
        widget=FileInput(),
        help_text=f"Up to {LARGEST_FILE // 1024**2} MiB. You review the changes before they are applied.",
    )
    snapshot = forms.ChoiceField(
        label="Stored document", required=False, widget=Select(), help_text="Instead of a file: a snapshot of a source."
    )
    prices_as = forms.ChoiceField(
        label="Price role",
        required=False,
        widget=Select(),
        choices=[("", "Default of the format"), *PriceSheet.Role.choices],
    )
    channel = forms.SlugField(
        required=False,
        widget=TextInput(),
        help_text="Offer the models on this channel; it is created if missing. Leave empty to add no offers.",
    )
    group = forms.CharField(
        required=False,
        max_length=LONGEST_NAME,
        widget=TextInput(),
        help_text="The group that can use the channel. Leave empty to use the default group for a new channel.",
    )
    only = NamesFormField(
        required=False,
        widget=NamesInput(),
        help_text="Import only ids that match these patterns, e.g. gpt-*, claude-*. Leave empty to import all.",
    )
    prune = forms.ChoiceField(
        label="No longer in the file",
        required=False,
        widget=Select(),
        choices=[("", "Nothing changes"), (DELETE, "Remove it"), (DRAFT, "Remove it; models become drafts")],
        help_text="Only for a catalog as YAML: what happens to rows that its sections no longer contain.",
    )
    publish = forms.BooleanField(
        required=False, widget=Checkbox(), help_text="Publish new models; otherwise they are drafts."
    )
    overrule = forms.BooleanField(
        required=False,
        widget=Checkbox(),
        help_text="Also replace values from people and from more trusted sources. Pinned fields stay unchanged.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = {slug: source.name for slug, source in SOURCES.items()}
        names |= dict(Source.objects.order_by("name").values_list("slug", "name"))
        snapshots = (
            Snapshot.objects.filter(packed__isnull=False)
            .select_related("source")
            .defer("packed")
            .order_by("-taken_at", "-pk")
        )
        stored = [(row.pk, _snapshot_title(row)) for row in snapshots[:SNAPSHOTS_SHOWN]]
        self.fields["source"].choices = sorted(names.items(), key=lambda pair: pair[1])  # type: ignore[attr-defined]
        self.fields["snapshot"].choices = [("", "none"), *stored]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        file, snapshot = cleaned.get("file"), cleaned.get("snapshot")
        if "file" not in self.errors and bool(file) == bool(snapshot):
            raise forms.ValidationError(
                f"Choose either a file of up to {LARGEST_FILE // 1024**2} MiB or a stored document."
            )
        if file and file.size > LARGEST_FILE:
            raise forms.ValidationError(f"The file is larger than {LARGEST_FILE // 1024**2} MiB.")
        return cleaned

    def document(self) -> tuple[bytes, str]:
        """The content and its origin."""
        if file := self.cleaned_data["file"]:
            return file.read(), file.name
        snapshot = Snapshot.objects.get(pk=self.cleaned_data["snapshot"])
        return snapshot.content, snapshot.origin

    def options(self) -> Options:
        cleaned = self.cleaned_data
        options = {name: cleaned[name] for name in ("channel", "group", "only", "prune", "publish", "overrule")}
        return Options.chosen(cleaned["source"], **options, **{"as": cleaned["prices_as"]})


def _snapshot_title(snapshot: Snapshot) -> str:
    return f"{snapshot.source} of {snapshot.taken_at:%Y-%m-%d %H:%M} ({snapshot.size:,} bytes)"


class ImportPages(ModelAdmin):
    """Import pages for people who may change import runs: plan, decide, roll back."""

    actions_detail = ["rollback"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may_decide(request)

    def has_rollback_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """For one run: whether its page shows the button. The page says why a run cannot be rolled back."""
        if not object_id or not self.may_decide(request):
            return self.may_decide(request)
        run: ImportRun | None = self.get_object(request, object_id)
        if run is None or run.status != ImportRun.Status.APPLIED or run.pruned_at:
            return False
        return self._may_undo(request, run)

    def _may_undo(self, request: HttpRequest, run: ImportRun) -> bool:
        """A rollback of a migration deletes its tokens, and one of prices sets the earlier ones."""
        counts = run.report.get("counts") or {}
        may_undo_tokens = not counts.get("tokens") or may(request.user, "delete", Token)
        return may_undo_tokens and (may_set_prices(request.user) or not any(map(counts.get, PRICE_COUNTS)))

    def may_decide(self, request: HttpRequest) -> bool:
        return may_apply_imports(request.user)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Upload a document and plan its import; the review page then shows the changes."""
        if not self.may_decide(request):
            raise PermissionDenied
        form, is_busy = UploadForm(request.POST or None, request.FILES or None), False
        if request.method == "POST" and form.is_valid():
            try:
                content, origin = form.document()
                plan, run = save_plan(content, form.options(), at=timezone.now(), origin=origin, actor=request.user)  # type: ignore[arg-type]
            except (InputError, DatabaseError) as error:
                is_busy = is_lock_timeout(error)
                form.add_error(None, BUSY if is_busy else refusal_of(error))
            else:
                if run is not None:
                    return HttpResponseRedirect(reverse("admin:catalog_importrun_change", args=[run.pk]))
                unchanged = count(plan.facts.unchanged, "model is", "models are")
                self.message_user(request, f"Nothing to import: {unchanged} unchanged.")
        page = self.render_page(request, "pricing/admin/upload.html", "Import a document", form=form)
        return as_busy(page) if is_busy else page

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        run: ImportRun | None = self.get_object(request, object_id)
        if run is None or not run.is_waiting:
            return super().change_view(request, object_id, form_url, extra_context)
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        if request.method == "POST":
            return self._decide(request, run)
        return self._review(request, run)

    def _review(self, request: HttpRequest, run: ImportRun) -> HttpResponse:
        template = "pricing/admin/review.html"
        context = {
            "run": run,
            "may_decide": self.may_decide(request),
            "origin": run.snapshot.origin if may_view(request.user, Snapshot) else "",
        }
        try:
            # The plan is rehearsed, so it waits for other writers.
            with limited_lock_waits():
                plan = plan_of(run, at=timezone.now())
        except (InputError, DatabaseError) as error:
            return self.render_page(request, template, f"Review {run}", problem=refusal_of(error), **context)
        sees_prices, forbidden = may_see_prices(request.user), forbidden_actions(plan, request.user)
        offered = plan if may_set_prices(request.user) else plan.without_prices()
        may_apply = self.may_decide(request) and not forbidden
        seen, has_prices = plan.fingerprint, plan.sets_prices
        # Nobody accepts a price that they do not see.
        offers_prices = sees_prices and may_set_prices(request.user)
        plan = (plan if sees_prices else plan.without_prices()).seen_by(request.user)
        query = request.GET
        show = query.get("show", "all") if query.get("show") in VIEWS else "all"
        search = query.get("q", "")
        views = names_of(plan)
        matches = matching(views[show], search)
        table = Paginator(matches, ROWS_PER_PAGE).get_page(query.get("p"))
        keys = dict(AIModel.objects.filter(name__in=list(table)).values_list("name", "pk"))
        can_be_applied = set(offered.touched) if may_apply else set()
        rows = [(row_of(plan, name), keys.get(name)) for name in table]
        for row, _ in rows:
            row.can_be_chosen &= row.name in can_be_applied
            row.has_jump &= offers_prices
            row.has_placeholder &= offers_prices
        unmatched = matching(plan.unmatched, search)
        parts = {name: part for name, part in plan.report().items() if name in OTHER_PARTS}
        # Endpoint types that models use are created with these models; the others have a checkbox of their own.
        types = [name for name in plan.structure.new_names("endpoint_types") if name in plan.structure.used_types]
        parts["structure"] = {"endpoint_types": {"new": types, "changed": {}}}
        return self.render_page(
            request,
            template,
            f"Review {run}",
            plan=plan,
            show=show,
            q=search,
            views=[(key, title, len(views[key])) for key, title in VIEWS.items() if views[key] or key == "all"],
            table=table,
            rows=rows,
            seen=seen,
            forbidden=", ".join(forbidden),
            prices_wait=has_prices and not may_set_prices(request.user),
            hides_prices=has_prices and not sees_prices,
            may_apply=may_apply,
            may_accept_jumps=may_apply and offers_prices,
            may_add_aliases=self.may_decide(request) and may(request.user, "add", ModelAlias),
            is_offered=may_apply and bool(not offered.is_empty or offered.guards or offered.placeholders),
            match_count=len(matches),
            is_filtered=show != "all" or bool(search),
            applicable=len(set(matches) & can_be_applied),
            sections=sections(parts),
            other_changes=other_changes(plan),
            unmatched=[
                (name, plan.unmatched[name], plan.suggested_prices.get(name)) for name in unmatched[:SUGGESTIONS_SHOWN]
            ],
            unmatched_total=len(unmatched),
            options=_options(run),
            **context,
        )

    def _decide(self, request: HttpRequest, run: ImportRun) -> HttpResponseBase:
        if not self.may_decide(request):
            raise PermissionDenied
        run_page = HttpResponseRedirect(reverse("admin:catalog_importrun_change", args=[run.pk]))
        try:
            if "discard" in request.POST:
                discard_run(run, at=timezone.now(), actor=request.user)  # type: ignore[arg-type]
                self.message_user(request, f"{run} was discarded. Nothing changed.")
                return HttpResponseRedirect(reverse("admin:catalog_importrun_changelist"))
            if name := request.POST.get("alias", ""):
                return self._make_alias(request, run, name)
            if (asked := ask_to_confirm(request)) is not None:
                return asked
            plan, rest = self._apply(request, run)
        except (InputError, DatabaseError) as error:
            self.message_user(request, refusal_of(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        self.message_user(request, _applied(plan, rest))
        self.show_impact(request, plan.impact)
        return run_page

    def _make_alias(self, request: HttpRequest, run: ImportRun, name: str) -> HttpResponseBase:
        """Makes an id an alias, or asks for a confirmation of its effects."""
        back = request.get_full_path()

        def make() -> HttpResponseBase:
            model = make_alias(run, name, at=timezone.now(), actor=request.user)  # type: ignore[arg-type]
            self.message_user(request, f"{name} is now an alias of {model}. The plan was updated.")
            for warning in alias_warnings({name: model}, at=timezone.now(), reader=request.user):
                self.message_user(request, warning, messages.WARNING)
            return HttpResponseRedirect(back)

        return confirm(request, make, lambda: Page(f"Make {name} an alias?", ModelAlias._meta, back=back))

    def _apply(self, request: HttpRequest, run: ImportRun) -> tuple[ImportPlan, ImportRun | None]:
        posted, now = request.POST, timezone.now()
        chosen = None
        if posted.get("apply") == "ticked":
            chosen = posted.getlist("model")
        elif posted.get("apply") == "found":
            chosen = matching(names_of(plan_of(run, at=now))[posted.get("show", "all")], posted.get("q", ""))
        return apply_run(
            run,
            at=now,
            seen=posted.get("seen", ""),
            accepted=posted.getlist("accept"),
            accepted_jumps=posted.getlist("jump"),
            accepted_placeholders=posted.getlist("placeholder"),
            chosen=chosen,
            beside=bool(posted.get("beside")),
            actor=request.user,  # type: ignore[arg-type]
        )

    @detail_action(description="Roll back", url_path="rollback", permissions=["rollback"], icon="undo")
    def rollback(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what a rollback would do; a POST does it."""
        run: ImportRun | None = self.get_object(request, object_id)
        if run is None:
            raise Http404
        if not self._may_undo(request, run):
            raise PermissionDenied
        page = HttpResponseRedirect(reverse("admin:catalog_importrun_change", args=[run.pk]))
        try:
            is_confirmed = request.method == "POST"
            with limited_lock_waits():
                result = roll_back(
                    run,
                    at=timezone.now(),
                    actor=request.user,  # type: ignore[arg-type]
                    dry_run=not is_confirmed,
                    accept_loss=request.POST.get("accept") == ACCEPT_LOSS,
                ).seen_by(request.user)
        except (InputError, DatabaseError) as error:
            self.message_user(request, refusal_of(error), messages.ERROR)
            return page
        if is_confirmed and not result.guards:
            self.message_user(request, f"{run} was rolled back: {result}")
            self.show_impact(request, result.impact)
            return page
        if is_confirmed:
            self.message_user(
                request, f"Nothing was rolled back. {' '.join(result.guards)} Tick to accept.", messages.ERROR
            )
        return self.render_page(request, "pricing/admin/rollback.html", f"Roll back {run}", run=run, result=result)

    def show_impact(self, request: HttpRequest, impact: Impact | None) -> None:
        """The effect that was stored, in the same sentences as before."""
        if impact is not None and not impact.is_empty:
            self.message_user(request, " ".join(impact.seen_by(request.user).lines()))


def _applied(plan: ImportPlan, rest: ImportRun | None) -> str:
    done = f"Applied to {count(len(plan.touched), 'model')}."
    if rest is None:
        return done
    if rest.status == ImportRun.Status.STOPPED:
        return f"{done} Large changes that were not accepted wait for review in {rest}."
    return f"{done} The rest waits for review in {rest}."


def refusal_of(error: InputError | DatabaseError) -> str:
    """The message about a refused change. A held lock raises its error, whose page offers to send the form again."""
    if is_lock_timeout(error):
        raise error
    return str(error) if isinstance(error, InputError) else refused(error)


def _options(run: ImportRun) -> str:
    used = {name: value for name, value in run.options.items() if value not in (None, "", [], False)}
    return ", ".join(f"{name} {', '.join(value) if isinstance(value, list) else value}" for name, value in used.items())
