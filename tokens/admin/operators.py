"""The admin of operators and their roles."""

from django.contrib import admin
from django.contrib.auth.models import Group, User

from catalog.admin.base import GroupAdmin, UserAdmin

admin.site.unregister([User, Group])
admin.site.register(User, UserAdmin)
admin.site.register(Group, GroupAdmin)
