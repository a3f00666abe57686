"""The admin of import runs, with the pages that review, apply and roll them back, and that of their aliases."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from catalog.admin.base import detail_action, register_over
from catalog.admin.imports import ImportRunAdmin
from catalog.admin.sources import SourceAdmin
from catalog.error_messages import InputError, count
from catalog.models import ImportRun, ModelAlias, Source
from catalog.operators.permissions import may, may_apply_imports, may_see_prices
from pricing.admin.import_review import ImportPages, refusal_of
from pricing.impact.impact import ACCEPT_LOSS
from pricing.imports.aliases import WITH_ALIASES, create_aliases, fingerprint_of, last_run, spellings_of_run
from pricing.imports.guards import LossError

ALIASES_PER_PAGE = 100


@register_over(ImportRun)
class DecidedImportRunAdmin(ImportPages, ImportRunAdmin):
    """Waiting runs can be reviewed and decided; applied runs can be rolled back."""

    actions_detail = [*ImportPages.actions_detail, "aliases"]

    def has_aliases_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """For one run: whether its page shows the button."""
        may_create = self.may_decide(request) and may(request.user, "add", ModelAlias) and may_see_prices(request.user)
        if not object_id or not may_create:
            return may_create
        run: ImportRun | None = self.get_object(request, object_id)
        return run is not None and run.status in WITH_ALIASES and not run.pruned_at

    @detail_action(description="Aliases", url_path="aliases", permissions=["aliases"], icon="link")
    def aliases(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show which ids are spellings of models, with their prices; a POST makes them aliases."""
        run: ImportRun | None = self.get_object(request, object_id)
        if run is None:
            raise Http404
        page, loss = HttpResponseRedirect(reverse("admin:catalog_importrun_change", args=[run.pk])), ""
        try:
            if request.method == "POST":
                try:
                    return self._create_aliases(request, run)
                except LossError as error:
                    # The same page again, with a checkbox that accepts it.
                    loss = str(error)
            spellings = spellings_of_run(run, at=timezone.now())
        except (InputError, DatabaseError) as error:
            self.message_user(request, refusal_of(error), messages.ERROR)
            return page
        search = request.GET.get("q", "").strip()
        found = [
            spelling for spelling in spellings if search.casefold() in f"{spelling.name} {spelling.model}".casefold()
        ]
        safe = [spelling for spelling in spellings if spelling.is_safe]
        return self.render_page(
            request,
            "pricing/admin/aliases.html",
            f"Aliases of {run}",
            run=run,
            table=Paginator(found, ALIASES_PER_PAGE).get_page(request.GET.get("p")),
            q=search,
            total=len(spellings),
            safe=len(safe),
            merged=sum(spelling.is_duplicate for spelling in safe),
            differing=sum(not spelling.is_same_price for spelling in safe),
            seen=fingerprint_of(spellings),
            loss=loss,
            ticked=set(request.POST.getlist("alias")) if loss else {spelling.name for spelling in safe},
        )

    def _create_aliases(self, request: HttpRequest, run: ImportRun) -> HttpResponse:
        now, posted = timezone.now(), request.POST
        spellings = spellings_of_run(run, at=now)
        if fingerprint_of(spellings) != posted.get("seen"):
            raise InputError("The catalog has changed since the aliases were shown. Open them again.")
        ticked = set(posted.getlist("alias"))
        chosen = [
            spelling
            for spelling in spellings
            if (spelling.is_safe if posted.get("create") == "safe" else spelling.name in ticked)
        ]
        models = {spelling.name: spelling.model for spelling in chosen}
        accept_loss = posted.get("accept") == ACCEPT_LOSS
        created, impact = create_aliases(run, models, at=now, actor=request.user, accept_loss=accept_loss)  # type: ignore[arg-type]
        number = count(len(models), "alias", "aliases")
        self.message_user(request, f"{number} created by {created}. Roll it back to undo this.")
        self.show_impact(request, impact)
        # A waiting plan changes with its aliases, and is the next thing to decide.
        shown = run if run.is_waiting else created
        return HttpResponseRedirect(reverse("admin:catalog_importrun_change", args=[shown.pk]))


@register_over(Source)
class AliasedSourceAdmin(SourceAdmin):
    """A source leads to the aliases of its last import."""

    actions_detail = ["aliases"]

    def has_aliases_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """For one source: whether its page shows the button."""
        may_create = may_apply_imports(request.user) and may(request.user, "add", ModelAlias)
        return may_create and may_see_prices(request.user) and (not object_id or _last_run(object_id) is not None)

    @detail_action(description="Aliases", url_path="aliases", permissions=["aliases"], icon="link")
    def aliases(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The aliases of the last import that waits or was applied."""
        run = _last_run(object_id)
        if run is None:
            raise Http404
        return HttpResponseRedirect(reverse("admin:catalog_importrun_aliases", args=[run.pk]))


def _last_run(object_id: str) -> ImportRun | None:
    source = Source.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
    return None if source is None else last_run(source.slug)
