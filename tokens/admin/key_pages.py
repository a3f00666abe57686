"""The admin's pages about one token: a new key, replaced keys, and which models the key can see."""

import datetime as dt
from collections import Counter
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from catalog.admin.base import RadioSelect, detail_action
from tokens.admin.shown_once import ShowsOnce
from tokens.auth.authentication import row_of, scope_of
from tokens.auth.explaining import budget_gate, key_gates, survey
from tokens.models import KeyReplacedError, Token, WrongPepperError
from tokens.operators.reauthentication import reauthentication_required
from tokens.operators.tokens import end_replaced_key

GRACES = {
    "0": "None: the old key stops working immediately (choose this if it leaked)",
    "1": "1 hour",
    "24": "24 hours",
    "72": "3 days",
    "168": "7 days",
}
MODELS_PER_PAGE = 100
VISIBLE = "visible"


class RotationForm(forms.Form):
    # The key when the page was opened. Without it, a form sent twice would replace the new key, which is shown once.
    key_id = forms.CharField(widget=forms.HiddenInput())
    grace = forms.ChoiceField(
        label="Grace period of the old key",
        choices=list(GRACES.items()),
        initial="24",
        widget=RadioSelect,
        help_text="The old key works until then. Later uses are refused, logged and counted on the token's page.",
    )


class KeyPages(ShowsOnce):
    """The buttons on a token's page, and the pages that they open."""

    new_key_template = "tokens/admin/new_key.html"
    actions_detail = ["rotate", "replaced", "sees", "explain"]

    @detail_action(description="New key", url_path="rotate", permissions=["change"], icon="autorenew")
    @reauthentication_required
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        token: Token = self.find_row(request, object_id)
        form = RotationForm(request.POST or None, initial={"key_id": token.key_id})
        if request.method == "POST" and form.is_valid():
            grace = dt.timedelta(hours=int(form.cleaned_data["grace"]))
            try:
                new_key = token.rotate(grace=grace, at=timezone.now(), replacing=form.cleaned_data["key_id"])
            except KeyReplacedError:
                message = f"{token.name} got another key, {token.masked}, after you opened the page. Nothing changed."
                return self._refuse(request, token, message)
            except WrongPepperError as error:
                return self._refuse(request, token, f"{error} Nothing changed.")
            self.log_change(request, token, [{"changed": {"fields": ["key"]}}])
            return self.show_once(request, token, new_key)
        return self.render_page(
            request, "tokens/admin/rotate.html", f"New key for {token.name}", token=token, form=form
        )

    @detail_action(description="Replaced keys", url_path="replaced", permissions=["change"], icon="key_off")
    def replaced(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The keys that rotations replaced; posting the id of a key in its grace period ends it now."""
        token, now = self.find_row(request, object_id), timezone.now()
        if request.method == "POST":
            key_id = request.POST.get("key_id", "").replace("\x00", "")
            if token.retired_keys.filter(key_id=key_id, valid_until__gt=now).exists():
                end_replaced_key(token, key_id, at=now)
                self.log_change(request, token, f"Ended the replaced key {key_id}.")
                self.message_user(request, f"The replaced key {key_id} no longer works.", messages.SUCCESS)
            else:
                self.message_user(request, "That key is not in its grace period. Nothing changed.", messages.WARNING)
            return HttpResponseRedirect(reverse("admin:tokens_token_change", args=[token.pk]))
        keys = token.retired_keys.order_by("-retired_at", "-pk")
        return self.render_page(
            request,
            "tokens/admin/replaced.html",
            f"Replaced keys of {token.name}",
            token=token,
            keys=[(key, key.valid_until > now) for key in keys],
        )

    # A short label: the buttons share one line with the breadcrumbs.
    @detail_action(description="Visible models", url_path="sees", permissions=["view"], icon="visibility")
    def sees(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Every model, whether this key can see it, and why not."""
        token: Token = self.find_row(request, object_id)
        search, gate = request.GET.get("q", "")[:200].strip(), request.GET.get("gate", "")
        scope, now = scope_of(row_of(token)), timezone.now()
        rows = [(explanation, explanation.obstacle) for explanation in survey(scope, at=now, search=search)]
        counts = Counter(obstacle.asks if obstacle else VISIBLE for _, obstacle in rows)
        if gate:
            rows = [row for row in rows if (row[1].asks if row[1] else VISIBLE) == gate]
        page = Paginator(rows, MODELS_PER_PAGE).get_page(request.GET.get("page"))
        return self.render_page(
            request,
            "tokens/admin/sees.html",
            f"Which models can {token.name} see?",
            token=token,
            search=search,
            chosen_gate=gate,
            visible=counts.pop(VISIBLE, 0),
            sees=scope.sees,
            key_gates=[*key_gates(scope, at=now), budget_gate(scope, at=now)],
            VISIBLE=VISIBLE,
            counts=counts.most_common(),
            page=page,
        )

    @detail_action(description="Why refused?", url_path="explain", permissions=["view"], icon="block")
    def explain(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The page that explains refused requests, filled in with the last one of the token."""
        return HttpResponseRedirect(f"{reverse('explain')}?token={self.find_row(request, object_id).pk}")

    def describe_new_key(self, request: HttpRequest, row: Token) -> tuple[str, dict[str, Any]]:
        may_change = self.has_change_permission(request, row)
        rotation = reverse("admin:tokens_token_rotate", args=[row.pk]) if may_change else ""
        return f"New key for {row.name}", {"token": row, "rotation": rotation}

    def _refuse(self, request: HttpRequest, token: Token, message: str) -> HttpResponse:
        self.message_user(request, message, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:tokens_token_change", args=[token.pk]))
