"""The admin's page “Why was this request refused?”: the gates of one request, in the order of a gateway's check.

The input may be a key: it is sent by POST only, is not shown again, and is stored nowhere.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from catalog.admin.base import VERBATIM, MomentInput, Select, TextInput, render_admin_page
from catalog.db.snapshot import snapshot
from tokens.auth.explaining import Request, explain_key
from tokens.auth.key_lookup import KeyLookup, find_keys
from tokens.dialects import DIALECTS
from tokens.models import LastRefusal, Token

PAGE = "explain"
TITLE = "Why was this request refused?"
# Addresses that clients call, as suggestions.
CALLS = (
    "/v1/chat/completions", "/v1/responses", "/v1/messages", "/v1/embeddings", "/v1/images/generations",
    "/v1/audio/transcriptions", "/v1/rerank",
)  # fmt: skip


class ExplainForm(forms.Form):
    key = forms.CharField(
        label="Key",
        max_length=1000,
        widget=TextInput(attrs=VERBATIM),
        help_text="The key, the part of it that is displayed (mb_live_…_…abcd), a current or replaced key id, or the "
        "name of the token. A key is not stored and not shown again.",
    )
    model = forms.CharField(
        required=False,
        max_length=255,
        widget=TextInput(attrs=VERBATIM),
        help_text="The id or alias, as the client sends it. Leave empty to check only the key.",
    )
    address = forms.GenericIPAddressField(
        label="Client address",
        required=False,
        widget=TextInput(attrs=VERBATIM),
        help_text="The IP address that the request came from. Leave empty to leave the networks unchecked.",
    )
    call = forms.CharField(
        label="Address of the call",
        required=False,
        max_length=1000,
        widget=TextInput(attrs={**VERBATIM, "list": "calls"}),
        help_text="E.g. /v1/chat/completions. Leave empty to leave the kind of call unchecked.",
    )
    dialect = forms.ChoiceField(
        label="Client",
        required=False,
        choices=[("", "Not known"), *((dialect.name, dialect.name.capitalize()) for dialect in reversed(DIALECTS))],
        widget=Select,
        help_text="Only for lists of models, which can differ between the clients of vendors.",
    )
    at = forms.DateTimeField(
        label="Moment (UTC)",
        required=False,
        widget=MomentInput(),
        help_text="The present settings are checked for this moment. Leave empty for now.",
    )


def explain_page(request: HttpRequest) -> HttpResponse:
    """For staff only, see config/urls.py."""
    tokens = tokens_for(request)
    form = ExplainForm(request.POST.dict() if request.method == "POST" else None, initial=_initial(request, tokens))
    context: dict[str, Any] = {"calls": CALLS}
    if form.is_bound:
        with snapshot():
            is_valid = form.is_valid()
            # A form that is shown again has no key in it.
            lookup = find_keys(form.data.get("key", ""), tokens) if is_valid else KeyLookup((), "")
            context |= _explain(form, lookup) if is_valid else {}
        match = context.get("match")
        form.data = {**form.data, "key": match.shown_key_id if match else ""}
    page = render_admin_page(request, "tokens/admin/explain.html", TITLE, form=form, **context)
    page["Cache-Control"] = "no-store, private"
    return page


def tokens_for(request: HttpRequest) -> QuerySet[Token]:
    """The tokens that this person may view; PermissionDenied without any permission for them."""
    token_admin = admin.site.get_model_admin(Token)
    if not token_admin.has_view_permission(request):
        raise PermissionDenied
    viewable = token_admin.get_queryset(request).order_by().values("pk")
    tokens: QuerySet[Token] = Token.objects.filter(pk__in=viewable).select_related("last_refusal")
    return tokens


def _initial(request: HttpRequest, tokens: QuerySet[Token]) -> dict[str, Any]:
    """The token that the page's address names by its number, and its last refusal."""
    number = request.GET.get("token", "")
    token = tokens.filter(pk=number).first() if number.isdecimal() and len(number) < 19 else None
    if token is None:
        return {}
    refusal = last_refusal_of(token)
    return {"key": token.key_id} | (fields_of(refusal) if refusal else {})


def fields_of(refusal: LastRefusal) -> dict[str, Any]:
    """The values of the form that describe a refused request."""
    return {
        "key": refusal.key_id,
        "model": refusal.model,
        "address": refusal.address,
        # Clients do not call models at the address of a list.
        "call": "" if refusal.code == "model_not_found" else refusal.path.removeprefix("/api/authorize"),
    }


def last_refusal_of(token: Token) -> LastRefusal | None:
    refusal: LastRefusal | None = getattr(token, "last_refusal", None)
    return refusal


def _explain(form: ExplainForm, lookup: KeyLookup) -> dict[str, Any]:
    values = form.cleaned_data
    at = values["at"]
    request = Request(
        values["model"].strip() or None,
        values["address"],
        values["call"].strip(),
        values["dialect"],
        counts_rate=at is None,
    )
    if len(lookup.matches) > 1:
        return {"choices": lookup.matches, "others": _other_values(form)}
    match = lookup.matches[0] if lookup.matches else None
    explanation = explain_key(match, request, at=at or timezone.now(), problem=lookup.problem)
    return {
        "match": match,
        "explanation": explanation,
        "refusal": last_refusal_of(match.token) if match else None,
        "again": fields_of(match.token.last_refusal) if match and last_refusal_of(match.token) else None,
        "token_page": reverse("admin:tokens_token_change", args=[match.token.pk]) if match else "",
    }


def _other_values(form: ExplainForm) -> list[tuple[str, str]]:
    """The entered values besides the key."""
    return [(name, form.data.get(name, "")) for name in form.fields if name != "key" and form.data.get(name)]
