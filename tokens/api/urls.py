"""The addresses of the model lists and of the caller's own key.

Each exists with and without a slash at the end, because clients do not follow redirects. tokens/dialects chooses the
dialect of an address, and has the prefixes of the lists; an id may contain slashes and colons.
"""

from django.urls import path, re_path

from tokens.api.authorize import AuthorizeView
from tokens.api.views import ModelListView, ModelView, TokenView, TunedModelListView
from tokens.dialects.prefixes import LIST, MODEL, TUNED_MODELS

token = TokenView.as_view()
authorize = AuthorizeView.as_view()


urlpatterns = [
    re_path(LIST, ModelListView.as_view()),
    re_path(MODEL, ModelView.as_view()),
    re_path(TUNED_MODELS, TunedModelListView.as_view()),
    path("api/token", token),
    path("api/token/", token),
    path("api/authorize", authorize),
    path("api/authorize/", authorize),
    path("api/authorize/<path:path>", authorize),
]
