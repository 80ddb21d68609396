from django.urls import path

from services.staff.web import views

urlpatterns = [
    path("", views.staff_list, name="list"),
    path("new/", views.staff_new, name="new"),
    path("roster/", views.roster, name="roster"),
    path("roster/copy/", views.copy_week, name="copy-week"),
    path("roster/new/", views.shift_new, name="shift-new"),
    path("roster/<uuid:code>/", views.shift_edit, name="shift-edit"),
    path("roster/<uuid:code>/remove/", views.shift_remove, name="shift-remove"),
    path("<uuid:code>/", views.staff_detail, name="detail"),
    path("<uuid:code>/edit/", views.staff_edit, name="edit"),
    path("<uuid:code>/leaving/", views.staff_leaving, name="leaving"),
]
