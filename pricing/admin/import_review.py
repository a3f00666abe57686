"""The admin's pages for import runs: a file to plan, a plan to look through and decide about, a run to roll back."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from catalog.admin.base import Checkbox, FileInput, ModelAdmin, Select, TextInput, detail_action
from catalog.db.fields import NamesFormField
from catalog.error_messages import InputError, refused
from catalog.imports.documents import LARGEST_FILE
from catalog.imports.run_reports import sections
from catalog.models import AIModel, ImportRun, Snapshot, Source
from catalog.sources import SOURCES
from pricing.admin.import_rows import VIEWS, beside, found, names_of, row_of
from pricing.imports.plan import ImportPlan, Options
from pricing.imports.review import apply_run, discard_run, make_alias, plan_of, save_plan
from pricing.imports.rollback import roll_back
from pricing.models import PriceSheet

ROWS_A_PAGE = 100
SNAPSHOTS_SHOWN = 50
SUGGESTIONS_SHOWN = 100
# Parts of the report that no row of a model tells.
BESIDE = ("findings", "aliases", "unmapped", "vendors", "without_vendor")


class UploadForm(forms.Form):
    """A document, where it is from, and what is to be done with it."""

    source = forms.ChoiceField(widget=Select(), help_text="Who says so; it also tells how the document is read.")
    file = forms.FileField(
        required=False,
        widget=FileInput(),
        help_text=f"Up to {LARGEST_FILE // 1024**2} MiB. Nothing is changed yet.",
    )
    snapshot = forms.ChoiceField(
        label="or a document that was kept", required=False, widget=Select(), help_text="As it was received earlier."
    )
    prices_as = forms.ChoiceField(
        label="Its prices are",
        required=False,
        widget=Select(),
        choices=[("", "what such documents hold usually"), *PriceSheet.Role.choices],
    )
    channel = forms.SlugField(
        required=False, widget=TextInput(), help_text="Offer the models on this channel; made if missing."
    )
    group = forms.SlugField(
        required=False, widget=TextInput(), help_text="The group that reaches the channel. Empty, new channel: default."
    )
    only = NamesFormField(required=False, widget=TextInput(), help_text="Only ids like these, e.g. gpt-*, claude-*.")
    publish = forms.BooleanField(required=False, widget=Checkbox(), help_text="Otherwise new models are drafts.")
    overrule = forms.BooleanField(
        required=False,
        widget=Checkbox(),
        help_text="Change what people or more trusted sources have said, too. What is pinned stays.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = {slug: source.name for slug, source in SOURCES.items()}
        named |= dict(Source.objects.order_by("name").values_list("slug", "name"))
        kept = Snapshot.objects.select_related("source").defer("packed").order_by("-taken_at", "-pk")[:SNAPSHOTS_SHOWN]
        self.fields["source"].choices = sorted(named.items(), key=lambda pair: pair[1])  # type: ignore[attr-defined]
        self.fields["snapshot"].choices = [("", "none"), *((each.pk, _snapshot_title(each)) for each in kept)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        file, snapshot = cleaned.get("file"), cleaned.get("snapshot")
        if "file" not in self.errors and bool(file) == bool(snapshot):
            raise forms.ValidationError(
                f"Choose a file of up to {LARGEST_FILE // 1024**2} MiB, or a document that was kept, and not both."
            )
        if file and file.size > LARGEST_FILE:
            raise forms.ValidationError(f"The file is larger than {LARGEST_FILE // 1024**2} MiB.")
        return cleaned

    def document(self) -> tuple[bytes, str]:
        """The bytes, and where they are from."""
        if file := self.cleaned_data["file"]:
            return file.read(), file.name
        snapshot = Snapshot.objects.get(pk=self.cleaned_data["snapshot"])
        return snapshot.content, snapshot.origin

    def options(self) -> Options:
        wanted = self.cleaned_data
        source = Source.objects.filter(slug=wanted["source"]).first()
        asked = {"source": (source.reader if source else "") or wanted["source"], "as": wanted["prices_as"]}
        asked |= {name: wanted[name] for name in ("channel", "group", "only", "publish", "overrule")}
        return Options.from_json(asked, name=wanted["source"])


def _snapshot_title(snapshot: Snapshot) -> str:
    return f"{snapshot.source} of {snapshot.taken_at:%Y-%m-%d %H:%M} ({snapshot.size:,} bytes)"


class ImportPages(ModelAdmin):
    """Whoever may change import runs may plan imports, decide about them and roll them back."""

    actions_detail = ["rollback"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may_decide(request)

    def has_rollback_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """With a run, whether its page shows the button; a run that cannot be rolled back says so itself."""
        if not object_id or not self.may_decide(request):
            return self.may_decide(request)
        run: ImportRun | None = self.get_object(request, object_id)
        return run is not None and run.status == ImportRun.Status.APPLIED

    def may_decide(self, request: HttpRequest) -> bool:
        return request.user.has_perm("catalog.change_importrun")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """A document is uploaded and planned; what it would do is shown then."""
        if not self.may_decide(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                content, origin = form.document()
                plan, run = save_plan(content, form.options(), at=timezone.now(), origin=origin, actor=request.user)  # type: ignore[arg-type]
            except (InputError, DatabaseError) as error:
                form.add_error(None, _sentence(error))
            else:
                if run is not None:
                    return HttpResponseRedirect(reverse("admin:catalog_importrun_change", args=[run.pk]))
                self.message_user(request, f"Nothing to do: {plan.facts.unchanged:,} models are so already.")
        return self.render_page(request, "pricing/admin/upload.html", "Import a document", form=form)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        run: ImportRun | None = self.get_object(request, object_id)
        if run is None or not run.is_waiting:
            return super().change_view(request, object_id, form_url, extra_context)
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        if request.method == "POST":
            return self._decide(request, run)
        return self._review(request, run)

    def _review(self, request: HttpRequest, run: ImportRun) -> HttpResponse:
        template, context = "pricing/admin/review.html", {"run": run, "may_decide": self.may_decide(request)}
        try:
            plan = plan_of(run, at=timezone.now())
        except InputError as error:
            return self.render_page(request, template, f"Review {run}", problem=str(error), **context)
        asked = request.GET
        show = asked.get("show", "all") if asked.get("show") in VIEWS else "all"
        views = names_of(plan)
        chosen = found(views[show], asked.get("q", ""))
        table = Paginator(chosen, ROWS_A_PAGE).get_page(asked.get("p"))
        keys = dict(AIModel.objects.filter(name__in=list(table)).values_list("name", "pk"))
        unmatched = found(plan.unmatched, asked.get("q", ""))
        parts = {name: part for name, part in plan.report().items() if name in BESIDE}
        # Endpoint types that models use are created with these models; the others have a tick of their own.
        types = [name for name in plan.structure.new_names("endpoint_types") if name in plan.structure.used_types]
        parts["structure"] = {"endpoint_types": {"new": types, "changed": {}}}
        return self.render_page(
            request,
            template,
            f"Review {run}",
            plan=plan,
            show=show,
            q=asked.get("q", ""),
            views=[(key, title, len(views[key])) for key, title in VIEWS.items() if views[key] or key == "all"],
            table=table,
            rows=[(row_of(plan, name), keys.get(name)) for name in table],
            found=len(chosen),
            is_narrowed=show != "all" or bool(asked.get("q")),
            can_be_chosen=len(set(chosen) & set(plan.touched)),
            sections=sections(parts),
            beside=beside(plan),
            unmatched=[(name, plan.unmatched[name]) for name in unmatched[:SUGGESTIONS_SHOWN]],
            unmatched_total=len(unmatched),
            asked_for=_asked_for(run),
            **context,
        )

    def _decide(self, request: HttpRequest, run: ImportRun) -> HttpResponse:
        if not self.may_decide(request):
            raise PermissionDenied
        done = HttpResponseRedirect(reverse("admin:catalog_importrun_change", args=[run.pk]))
        try:
            if "discard" in request.POST:
                discard_run(run, at=timezone.now(), actor=request.user)  # type: ignore[arg-type]
                self.message_user(request, f"{run} is discarded; nothing was changed.")
                return HttpResponseRedirect(reverse("admin:catalog_importrun_changelist"))
            if name := request.POST.get("alias", ""):
                model = make_alias(run, name, at=timezone.now(), actor=request.user)  # type: ignore[arg-type]
                self.message_user(request, f"{name} is an alias of {model} now; the plan is made anew with it.")
                return HttpResponseRedirect(request.get_full_path())
            plan, rest = self._apply(request, run)
        except (InputError, DatabaseError) as error:
            self.message_user(request, _sentence(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        self.message_user(
            request, f"Applied to {len(plan.touched):,} models." + (f" The rest waits in {rest}." if rest else "")
        )
        return done

    def _apply(self, request: HttpRequest, run: ImportRun) -> tuple[ImportPlan, ImportRun | None]:
        asked, now = request.POST, timezone.now()
        chosen = None
        if asked.get("apply") == "ticked":
            chosen = asked.getlist("model")
        elif asked.get("apply") == "found":
            chosen = found(names_of(plan_of(run, at=now))[asked.get("show", "all")], asked.get("q", ""))
        return apply_run(
            run,
            at=now,
            seen=asked.get("seen", ""),
            accepted=asked.getlist("accept"),
            chosen=chosen,
            beside=bool(asked.get("beside")),
            actor=request.user,  # type: ignore[arg-type]
        )

    @detail_action(description="Roll back", url_path="rollback", permissions=["rollback"], icon="undo")
    def rollback(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Shows what the rollback would do, and does it when that is confirmed."""
        run: ImportRun | None = self.get_object(request, object_id)
        if run is None:
            raise Http404
        page = HttpResponseRedirect(reverse("admin:catalog_importrun_change", args=[run.pk]))
        try:
            is_meant = request.method == "POST"
            result = roll_back(run, at=timezone.now(), actor=request.user, dry_run=not is_meant)  # type: ignore[arg-type]
        except (InputError, DatabaseError) as error:
            self.message_user(request, _sentence(error), messages.ERROR)
            return page
        if is_meant:
            self.message_user(request, f"{run} was rolled back: {result}")
            return page
        return self.render_page(request, "pricing/admin/rollback.html", f"Roll back {run}", run=run, result=result)


def _sentence(error: InputError | DatabaseError) -> str:
    return str(error) if isinstance(error, InputError) else refused(error)


def _asked_for(run: ImportRun) -> str:
    told = {name: value for name, value in run.options.items() if value not in (None, "", [], False)}
    return ", ".join(f"{name} {', '.join(value) if isinstance(value, list) else value}" for name, value in told.items())
