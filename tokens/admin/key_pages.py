"""The admin's pages about one token: a new key, replaced keys, and which models the key can see."""

import datetime as dt
from collections import Counter
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone

from catalog.admin.base import ModelAdmin, RadioSelect, detail_action
from tokens.admin.shown_once import hand_over, take
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


class KeyPages(ModelAdmin):
    """The buttons on a token's page, and the pages that they open."""

    actions_detail = ["rotate", "replaced", "sees", "explain"]

    @detail_action(description="New key", url_path="rotate", permissions=["change"], icon="autorenew")
    @reauthentication_required
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        token = self._token(request, object_id)
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
            return self.show_new_key(request, token, new_key)
        return self.render_page(
            request, "tokens/admin/rotate.html", f"New key for {token.name}", token=token, form=form
        )

    @detail_action(description="Replaced keys", url_path="replaced", permissions=["change"], icon="key_off")
    def replaced(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The keys that rotations replaced; posting the id of a key in its grace period ends it now."""
        token, now = self._token(request, object_id), timezone.now()
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
        token = self._token(request, object_id)
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
        return HttpResponseRedirect(f"{reverse('explain')}?token={self._token(request, object_id).pk}")

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.new_key)
        return [path("<int:number>/new-key/", view, name="tokens_token_new_key"), *super().get_urls()]

    def show_new_key(self, request: HttpRequest, token: Token, key: str) -> HttpResponse:
        """Leads to the page that shows the key once, so that a reload does not send the form again."""
        address = reverse("admin:tokens_token_new_key", args=[token.pk])
        response = HttpResponseRedirect(address)
        hand_over(request, response, key, row=token, path=address)
        response["Cache-Control"] = "no-store, private"
        return response

    def new_key(self, request: HttpRequest, number: int) -> HttpResponse:
        """The page behind the redirect; the second time, it says that the key cannot be shown again."""
        token = self._token(request, str(number))
        may_change = self.has_change_permission(request, token)
        page = self.render_page(
            request,
            "tokens/admin/new_key.html",
            f"New key for {token.name}",
            token=token,
            may_add=self.has_add_permission(request),
            rotation=reverse("admin:tokens_token_rotate", args=[token.pk]) if may_change else "",
        )
        if request.method == "GET":
            page.context_data["key"] = take(request, page, row=token, path=request.path)  # type: ignore[attr-defined]
        page["Cache-Control"] = "no-store, private"
        return page

    def _refuse(self, request: HttpRequest, token: Token, message: str) -> HttpResponse:
        self.message_user(request, message, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:tokens_token_change", args=[token.pk]))

    def _token(self, request: HttpRequest, object_id: str) -> Token:
        token: Token | None = self.get_object(request, object_id)
        if token is None:
            raise Http404
        if not self.has_view_permission(request, token):
            raise PermissionDenied
        return token
