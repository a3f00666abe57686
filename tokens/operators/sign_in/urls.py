"""The addresses of sign-in, all below the admin's own: only those of django-allauth that an operator needs."""

from allauth.account import views as account
from allauth.socialaccount import views as socialaccount
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from tokens.operators.sign_in import provider, views

urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("account/", RedirectView.as_view(pattern_name="mfa_index"), name="operator_account"),
    path("account/inactive/", account.account_inactive, name="account_inactive"),
    # In place of the admin's own, where a person at an open session could try passwords.
    path("password_change/", admin.site.admin_view(views.change_password), name="operator_password_change"),
    path("account/code/", views.sign_in_with_code, name="operator_code"),
    path("account/confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("account/confirm/provider/", views.confirm_with_provider, name="operator_confirm_with_provider"),
    path("account/second-factor/", include("allauth.mfa.urls")),
    path("account/sessions/", views.list_sessions, name="usersessions_list"),
    path("account/oidc/", socialaccount.connections, name="socialaccount_connections"),
    path("account/oidc/connect/", views.connect_provider, name="operator_connect_provider"),
    path("account/oidc/login/", provider.sign_in, {"provider_id": "oidc"}, name="openid_connect_login"),
    path("account/oidc/callback/", provider.callback, {"provider_id": "oidc"}, name="openid_connect_callback"),
    path("account/password/", views.reset_password, name="account_reset_password"),
    path("account/password/sent/", views.reset_password_sent, name="account_reset_password_done"),
    re_path(
        r"^account/password/link/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.set_password,
        name="account_reset_password_from_key",
    ),
    path("account/password/set/", views.password_is_set, name="account_reset_password_from_key_done"),
]
