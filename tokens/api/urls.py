"""The addresses of the model lists and of the caller's own key.

Each exists with and without a slash at the end, because clients do not follow redirects. tokens/dialects chooses the
dialect of an address, and has the prefixes of the lists.
"""

from django.urls import URLPattern, path, re_path

from tokens.api.authorize import AuthorizeView
from tokens.api.views import ModelListView, ModelView, TokenView, TunedModelListView
from tokens.dialects.prefixes import LIST, MODEL, TUNED_MODELS, VERSIONS

models = ModelListView.as_view()
model = ModelView.as_view()
tuned_models = TunedModelListView.as_view()
token = TokenView.as_view()
authorize = AuthorizeView.as_view()


def lists(prefix: str) -> list[URLPattern]:
    """The list below a prefix, and the single models below the list; an id may contain slashes and colons."""
    return [
        path(f"{prefix}/models", models),
        path(f"{prefix}/models/", models),
        path(f"{prefix}/models/<path:name>", model),
    ]


urlpatterns = [
    *lists("v1"),
    *lists("v1beta/openai"),
    *lists("v1beta"),
    *lists("v1alpha"),
    *lists("anthropic/v1"),
    *(path(f"{version}/tunedModels", tuned_models) for version in VERSIONS),
    *(path(f"{version}/tunedModels/", tuned_models) for version in VERSIONS),
    path("models", models),
    path("models/", models),
    # The same below other base URLs.
    re_path(LIST, models),
    re_path(MODEL, model),
    re_path(TUNED_MODELS, tuned_models),
    path("api/token", token),
    path("api/token/", token),
    path("api/authorize", authorize),
    path("api/authorize/", authorize),
    path("api/authorize/<path:path>", authorize),
]
