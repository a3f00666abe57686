"""The admin's pages about one token: a new key, the keys that were replaced, and what it sees and why not the rest."""

import datetime as dt
from collections import Counter

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from catalog.admin.base import ModelAdmin, RadioSelect, detail_action
from tokens.auth.authentication import row_of, scope_of
from tokens.auth.explaining import key_gates, survey
from tokens.models import KeyReplacedError, Token

GRACES = {
    "0": "None: the old key is refused at once (it leaked)",
    "1": "1 hour",
    "24": "24 hours",
    "72": "3 days",
    "168": "7 days",
}
MODELS_A_PAGE = 100
VISIBLE = "it sees the model"


class RotationForm(forms.Form):
    # What the page was opened for: sent twice, it would replace the new key that the first answer alone shows.
    key_id = forms.CharField(widget=forms.HiddenInput())
    grace = forms.ChoiceField(
        label="How long the old key goes on working",
        choices=list(GRACES.items()),
        initial="24",
        widget=RadioSelect,
        help_text="Whoever uses the old key after that is refused, logged, and counted on the token's page.",
    )


class KeyPages(ModelAdmin):
    """The buttons on a token's page, and what is behind them."""

    actions_detail = ["rotate", "replaced", "sees"]

    @detail_action(description="New key", url_path="rotate", permissions=["change"], icon="autorenew")
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        token = self._token(request, object_id)
        form = RotationForm(request.POST or None, initial={"key_id": token.key_id})
        if request.method == "POST" and form.is_valid():
            grace = dt.timedelta(hours=int(form.cleaned_data["grace"]))
            try:
                new_key = token.rotate(grace=grace, at=timezone.now(), replacing=form.cleaned_data["key_id"])
            except KeyReplacedError:
                told = (
                    f"{token.name} has had another key since you opened the page, {token.masked}: nothing is changed."
                )
                self.message_user(request, told, messages.ERROR)
                return HttpResponseRedirect(reverse("admin:tokens_token_change", args=[token.pk]))
            # Lives as long as this request; the answer shows it, and nothing stores it.
            token.new_key = new_key  # type: ignore[attr-defined]
            self.log_change(request, token, [{"changed": {"fields": ["key"]}}])
            return self.show_new_key(request, token)
        return self.render_page(
            request, "tokens/admin/rotate.html", f"New key for {token.name}", token=token, form=form
        )

    @detail_action(description="Replaced keys", url_path="replaced", permissions=["change"], icon="key_off")
    def replaced(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The keys that rotations replaced; posting the key id of one that is in its grace ends it now."""
        token, now = self._token(request, object_id), timezone.now()
        if request.method == "POST":
            key_id = request.POST.get("key_id", "").replace("\x00", "")
            if token.retired_keys.filter(key_id=key_id).end(at=now):
                self.log_change(request, token, f"Ended the replaced key {key_id}.")
                self.message_user(request, f"The replaced key {key_id} is ended.", messages.SUCCESS)
            else:
                self.message_user(request, "That key is none in its grace: nothing is changed.", messages.WARNING)
            return HttpResponseRedirect(reverse("admin:tokens_token_change", args=[token.pk]))
        keys = token.retired_keys.order_by("-retired_at", "-pk")
        return self.render_page(
            request,
            "tokens/admin/replaced.html",
            f"Replaced keys of {token.name}",
            token=token,
            keys=[(key, key.valid_until > now) for key in keys],
        )

    @detail_action(description="What it sees", url_path="sees", permissions=["view"], icon="visibility")
    def sees(self, request: HttpRequest, object_id: str) -> HttpResponse:
        token = self._token(request, object_id)
        search, wanted = request.GET.get("q", "")[:200].strip(), request.GET.get("gate", "")
        scope, now = scope_of(row_of(token)), timezone.now()
        told = [(found, found.obstacle) for found in survey(scope, at=now, search=search)]
        counts = Counter(obstacle.asks if obstacle else VISIBLE for _, obstacle in told)
        if wanted:
            told = [pair for pair in told if (pair[1].asks if pair[1] else VISIBLE) == wanted]
        page = Paginator(told, MODELS_A_PAGE).get_page(request.GET.get("page"))
        return self.render_page(
            request,
            "tokens/admin/sees.html",
            f"Which models can {token.name} see?",
            token=token,
            search=search,
            wanted=wanted,
            visible=counts.pop(VISIBLE, 0),
            sees=scope.sees,
            of_key=key_gates(scope, at=now),
            VISIBLE=VISIBLE,
            counts=counts.most_common(),
            page=page,
        )

    def show_new_key(self, request: HttpRequest, token: Token) -> HttpResponse:
        """The page that shows the key, in the answer itself: a message or a redirect would store it somewhere."""
        page = self.render_page(request, "tokens/admin/new_key.html", "The new key", token=token)
        page["Cache-Control"] = "no-store, private"
        return page

    def _token(self, request: HttpRequest, object_id: str) -> Token:
        token: Token | None = self.get_object(request, object_id)
        if token is None:
            raise Http404
        if not self.has_view_permission(request, token):
            raise PermissionDenied
        return token
